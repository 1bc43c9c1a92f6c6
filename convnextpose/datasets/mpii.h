// MPII Human Pose: photographs, 16 joints in the picture alone (spec 4-datasets).
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// Any bytes. People without a labelled joint are skipped. Errors: those of ParseCoco, which reads
/// it.
Result<Dataset> ParseMpii(std::span<const std::byte> bytes, const std::string& name,
                          const ReadOptions& options);
/// annotations/train.json to train, val.json to test. Errors: missing, unreadable, those above.
Result<Dataset> ReadMpii(const std::filesystem::path& dir, const ReadOptions& options);

}  // namespace cnp::datasets
