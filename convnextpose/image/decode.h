// Picture files <-> Image: JPEG, PNG, WebP and BMP.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"

namespace cnp::image {

/// Decodes to 8-bit RGB whatever the file holds (grey, 16 bit, CMYK; transparency is dropped) and
/// turns it as EXIF says. A file that ends early is an error, not half a picture. `name` stands in
/// messages. Errors: those of ReadSize (size.h), damaged data, an unsupported flavour.
/// Thread-safe. The codecs inside OpenCV may warn on stderr about damaged pixel data.
Result<Image> Decode(std::span<const std::byte> file, const std::string& name);

/// Decode for a file on disk; the error names the path.
Result<Image> Load(const std::filesystem::path& path);

/// Write with base's WriteFileAtomically. Precondition: the image has pixels.
std::vector<std::byte> EncodePng(const Image& image);
std::vector<std::byte> EncodeJpeg(const Image& image, int quality = 92);

}  // namespace cnp::image
