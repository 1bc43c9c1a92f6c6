// Which checkpoints `eval` runs: --weights and --epochs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::cli {

/// Without epochs the paths themselves. With epochs ("60-70", "65", "60,65,70") each path is a
/// folder, and its snapshot_N.* of those epochs are taken, in ascending order. Errors: text that is
/// no list of epochs, a path that is no folder, an epoch that no folder has.
Result<std::vector<std::filesystem::path>> NetworkFiles(const std::vector<std::string>& weights,
                                                        const std::string& epochs);

}  // namespace cnp::cli
