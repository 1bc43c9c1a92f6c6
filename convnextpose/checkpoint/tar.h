// Tar archives (POSIX ustar with pax and GNU long names): plain files, read in place.
#pragma once

#include <memory>

#include "convnextpose/checkpoint/archive.h"

namespace cnp::checkpoint {

/// True when the bytes begin with a tar header whose checksum is right.
bool LooksLikeTar(Bytes bytes);

/// `bytes` must outlive the archive and what it reads. Links, devices and folders are left out.
/// Errors: truncated, a header with a wrong checksum, a name twice.
Result<std::unique_ptr<Archive>> OpenTar(Bytes bytes);

}  // namespace cnp::checkpoint
