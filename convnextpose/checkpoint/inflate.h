// Raw deflate, as zip archives use it. Needs zlib at build time (CNP_HAVE_ZLIB).
#pragma once

#include <cstdint>

#include "convnextpose/checkpoint/archive.h"

namespace cnp::checkpoint {

/// Inflates to exactly `size` bytes, allocated at once: the caller has bounded `size`. Errors:
/// damaged data, another size, no memory, a build without zlib.
Result<Content> Inflate(Bytes packed, std::uint64_t size);

}  // namespace cnp::checkpoint
