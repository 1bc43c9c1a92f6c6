// MS COCO's person_keypoints: 17 joints in the picture, and Thorax and Pelvis between shoulders and
// hips (spec 4-datasets).
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// Any bytes. Crowds and people without a labelled joint are skipped; the camera is assumed (1500
/// px). Errors: those of ParseCoco, which reads it.
Result<Dataset> ParseCocoPeople(std::span<const std::byte> bytes, const std::string& name,
                                const ReadOptions& options);
/// annotations/person_keypoints_train2017.json to train, _val2017.json to test. Errors: missing,
/// unreadable, those above.
Result<Dataset> ReadCoco(const std::filesystem::path& dir, const ReadOptions& options);

}  // namespace cnp::datasets
