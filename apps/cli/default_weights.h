// The weights that come with the program (assets/README.md).
#pragma once

#include <filesystem>

#include "convnextpose/base/result.h"

namespace cnp::cli {

/// Where they are installed, else in the source checkout that the program was built from.
/// Error: neither is there, with the cure.
Result<std::filesystem::path> DefaultWeights();

}  // namespace cnp::cli
