// Part of a JPEG by libjpeg-turbo, the library with which OpenCV decodes the whole of it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "convnextpose/image/region.h"
#include "convnextpose/image/size.h"

namespace cnp::image {

/// DecodeRegion for a JPEG of this size; none where that takes the whole picture: progressive, not
/// upright, of unusual colours or sampling, damaged, or too large for the memory. Reads any bytes
/// safely and prints nothing.
std::optional<Region> DecodeJpegRegion(std::span<const std::byte> file, const Size& size,
                                       const pose::Box& network_box);

}  // namespace cnp::image
