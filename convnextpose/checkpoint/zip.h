// Zip archives (PKWARE APPNOTE 6.3): stored and deflated entries, zip64, read with suspicion.
#pragma once

#include <cstdint>
#include <memory>

#include "convnextpose/checkpoint/archive.h"

namespace cnp::checkpoint {

/// True when the bytes begin as a zip archive does.
bool LooksLikeZip(Bytes bytes);

/// `bytes` must outlive the archive and what it reads; stored entries are read in place. At most
/// `max_inflated` bytes are inflated in all. Errors at opening: truncated, entries outside the file
/// or over each other, a name twice, encrypted, several volumes, unknown compression.
Result<std::unique_ptr<Archive>> OpenZip(Bytes bytes, std::uint64_t max_inflated);

}  // namespace cnp::checkpoint
