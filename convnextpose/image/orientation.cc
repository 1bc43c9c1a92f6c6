#include "convnextpose/image/orientation.h"

#include "convnextpose/image/bytes.h"

namespace cnp::image {

// The orientation tag of a TIFF structure's first directory (EXIF 2.3, 4.6).
int TiffOrientation(std::span<const std::byte> tiff) {
  const bool little = Matches(tiff, 0, {"II*\0", 4});
  if (!little && !Matches(tiff, 0, {"MM\0*", 4})) return 1;
  const auto read = [&](std::uint64_t offset, int count) {
    return little ? LittleEndian(tiff, offset, count) : BigEndian(tiff, offset, count);
  };
  if (!Has(tiff, 4, 4)) return 1;
  const std::uint64_t directory = read(4, 4);
  if (!Has(tiff, directory, 2)) return 1;
  const std::uint32_t entries = read(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + std::uint64_t{12} * i;
    if (!Has(tiff, entry, 12)) return 1;
    if (read(entry, 2) != 0x0112) continue;
    const std::uint32_t orientation = read(entry + 8, 2);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 1;
  }
  return 1;
}

int WebpOrientation(std::span<const std::byte> file) {
  std::uint64_t offset = 12;  // Behind "RIFF size WEBP": chunks of name, size, data, even length.
  while (Has(file, offset, 8)) {
    const std::uint64_t length = LittleEndian(file, offset + 4, 4);
    if (!Has(file, offset + 8, length)) return 1;
    if (Matches(file, offset, "EXIF")) {
      const Bytes exif = file.subspan(offset + 8, length);
      // Some writers keep JPEG's prefix.
      return TiffOrientation(Matches(exif, 0, {"Exif\0\0", 6}) ? exif.subspan(6) : exif);
    }
    offset += 8 + length + length % 2;
  }
  return 1;
}

}  // namespace cnp::image
