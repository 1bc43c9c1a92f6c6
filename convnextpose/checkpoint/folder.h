// A folder on disk as an archive: what unpacking a checkpoint leaves.
#pragma once

#include <filesystem>
#include <memory>

#include "convnextpose/checkpoint/archive.h"

namespace cnp::checkpoint {

/// Lists the regular files down to two folders below `folder`, in sorted order; each is mapped when
/// it is read. Errors: not a readable folder, more than 100,000 files.
Result<std::unique_ptr<Archive>> OpenFolder(const std::filesystem::path& folder);

}  // namespace cnp::checkpoint
