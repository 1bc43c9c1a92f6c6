// One's own labels in COCO's layout: "coco-json". Joints of any known set, named in
// categories[0].keypoints in any order; a camera {f, c} an image and keypoints_cam in mm where
// known.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// Any bytes. Joints come in the set's order. An annotation has keypoints (x, y, visible), or
/// keypoints_cam and a camera, or both; people without a labelled joint are skipped. Without names
/// the number of joints tells the set, if it can. COCO's 17 get Thorax and Pelvis. Errors: those of
/// ParseCoco, which reads it, and joints that are of no known set.
Result<Dataset> ParseCocoJson(std::span<const std::byte> bytes, const std::string& name,
                              const ReadOptions& options);
/// `dir` may be the file itself. Else annotations/train.json to train, test.json or val.json to
/// test, or the only .json in annotations/. Errors: none or several files, unreadable, those above.
Result<Dataset> ReadCocoJson(const std::filesystem::path& dir, const ReadOptions& options);

}  // namespace cnp::datasets
