// Which way up a picture is: OpenCV turns JPEG and PNG as their EXIF says, but not WebP.
#pragma once

#include <cstddef>
#include <span>

namespace cnp::image {

/// EXIF orientation, 1 (as stored) to 8, by a TIFF structure, EXIF's body; 1 where it says nothing
/// or nonsense. Reads any bytes safely.
int TiffOrientation(std::span<const std::byte> tiff);

/// EXIF orientation, 1 (as stored) to 8, of a WebP file; 1 where the file says nothing or nonsense.
/// Reads any bytes safely.
int WebpOrientation(std::span<const std::byte> file);

}  // namespace cnp::image
