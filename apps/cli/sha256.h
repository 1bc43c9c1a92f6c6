// SHA-256 of a checkpoint, so that a result says exactly which weights made it.
#pragma once

#include <filesystem>
#include <string>

#include "convnextpose/base/result.h"

namespace cnp::cli {

/// Hexadecimal. Of a folder: of the names (relative, '/', NUL) and contents of its files, in the
/// order of their names.
Result<std::string> Sha256(const std::filesystem::path& path);

}  // namespace cnp::cli
