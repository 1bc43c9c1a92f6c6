// Format and size of a picture file from its header, without decoding it: so that a few bytes
// cannot claim all memory, and other formats are refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp::image {

enum class Format { kJpeg, kPng, kWebp, kBmp };
std::string_view ToString(Format format);

/// Pictures with more pixels are refused.
inline constexpr std::int64_t kMaxPixels = std::int64_t{256} << 20;

/// As stored, before EXIF turns it.
struct Size {
  Format format = Format::kJpeg;
  int width = 0;
  int height = 0;
};

/// Errors: empty, not a picture (or one of another format, by its name), a header cut short or
/// contradictory, no pixels, more than kMaxPixels. Reads any bytes safely; looks at no pixel data
/// except to find a JPEG's end and a PNG's last chunk: a file that stops before is an error too.
Result<Size> ReadSize(std::span<const std::byte> file);

}  // namespace cnp::image
