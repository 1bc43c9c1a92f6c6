// MuCo-3DHP: several people composed into one picture, 21 joints in space (spec 4-datasets).
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// Any bytes. Of a picture's people the nearest to the camera is taken, and each other one who is
/// at least 500 mm from everybody, both in space and along the picture plane. Errors: those of
/// ParseCoco, which reads it.
Result<Dataset> ParseMuco(std::span<const std::byte> bytes, const std::string& name,
                          const ReadOptions& options);
/// MuCo-3DHP.json, which is for training. Errors: split test, missing, unreadable, those above.
Result<Dataset> ReadMuco(const std::filesystem::path& dir, const ReadOptions& options);

}  // namespace cnp::datasets
