// MuPoTS-3D: videos of several people outdoors, 17 joints in space, to test on (spec 4-datasets).
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// Any bytes. People who are not valid are skipped. Errors: those of ParseCoco, which reads it.
Result<Dataset> ParseMupots(std::span<const std::byte> bytes, const std::string& name,
                            const ReadOptions& options);
/// MuPoTS-3D.json. Errors: split train, missing, unreadable, those above.
Result<Dataset> ReadMupots(const std::filesystem::path& dir, const ReadOptions& options);

}  // namespace cnp::datasets
