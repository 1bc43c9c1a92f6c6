#include "convnextpose/image/size.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "convnextpose/image/bytes.h"

namespace cnp::image {
namespace {

Error CutShort(Format format, std::uint64_t bytes) {
  return Error{"the " + std::string(ToString(format)) + " file is cut short after " +
               std::to_string(bytes) + " bytes; copy it again"};
}

Result<Size> Checked(Format format, std::int64_t width, std::int64_t height) {
  const std::string size = std::to_string(width) + " x " + std::to_string(height) + " pixels";
  if (width <= 0 || height <= 0) {
    return Error{"the " + std::string(ToString(format)) + " header says " + size + ": damaged"};
  }
  if (width > kMaxPixels / height) {
    return Error{size + " are more than the " + std::to_string(kMaxPixels >> 20) +
                 " megapixels that are read; scale the picture down"};
  }
  return Size{format, static_cast<int>(width), static_cast<int>(height)};
}

// ISO/IEC 10918-1 annex B: segments `FF marker length ...`, with entropy-coded data after each SOS.
class JpegReader {
 public:
  explicit JpegReader(Bytes bytes) : bytes_(bytes) {}

  Result<Size> Read() {
    std::optional<Size> size;
    while (NextMarker()) {
      if (marker_ == kEndOfImage) {
        if (size) return *size;
        return Error{"the JPEG file ends before any picture: damaged"};
      }
      if (!Has(bytes_, offset_, 2)) break;
      const std::uint32_t length = BigEndian(bytes_, offset_, 2);
      if (length < 2 || !Has(bytes_, offset_, length)) break;
      if (IsFrame(marker_) && !size) {
        if (length < 8) return Error{"the JPEG frame header is damaged"};
        CNP_ASSIGN(size, Checked(Format::kJpeg, BigEndian(bytes_, offset_ + 5, 2),
                                 BigEndian(bytes_, offset_ + 3, 2)));
      }
      offset_ += length;
    }
    return CutShort(Format::kJpeg, bytes_.size());
  }

 private:
  static constexpr int kEndOfImage = 0xD9;

  // SOF0..SOF15; C4, C8 and CC are tables and reserved.
  static bool IsFrame(int marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
  }
  // FF bytes that belong to entropy-coded data (stuffed 00, restart marks) or stand alone.
  static bool HasNoSegment(int marker) {
    return marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8);
  }

  // Moves behind the next marker that begins a segment or ends the picture.
  bool NextMarker() {
    while (offset_ < bytes_.size()) {
      const auto* found = static_cast<const std::byte*>(
          std::memchr(bytes_.data() + offset_, 0xFF, bytes_.size() - offset_));
      if (found == nullptr) return false;
      offset_ = static_cast<std::uint64_t>(found - bytes_.data());
      while (offset_ < bytes_.size() && bytes_[offset_] == std::byte{0xFF}) ++offset_;  // Padding.
      if (offset_ == bytes_.size()) return false;
      marker_ = std::to_integer<int>(bytes_[offset_++]);
      if (!HasNoSegment(marker_)) return true;
    }
    return false;
  }

  Bytes bytes_;
  std::uint64_t offset_ = 2;  // Behind the start-of-image marker.
  int marker_ = 0;
};

// The PNG specification, chapter 5: chunks `length type data crc`, IHDR first, IEND last.
Result<Size> ReadPng(Bytes bytes) {
  constexpr std::uint64_t first_chunk = 8;
  constexpr std::uint64_t frame = 12;  // A chunk's length, type and CRC.
  if (!Has(bytes, first_chunk, frame + 13)) return CutShort(Format::kPng, bytes.size());
  if (BigEndian(bytes, first_chunk, 4) != 13 || !Matches(bytes, first_chunk + 4, "IHDR")) {
    return Error{"the PNG file does not begin with its header chunk: damaged"};
  }
  std::uint64_t offset = first_chunk;
  while (Has(bytes, offset, frame)) {
    const std::uint64_t length = frame + BigEndian(bytes, offset, 4);
    if (!Has(bytes, offset, length)) break;
    if (Matches(bytes, offset + 4, "IEND")) {
      return Checked(Format::kPng, BigEndian(bytes, first_chunk + 8, 4),
                     BigEndian(bytes, first_chunk + 12, 4));
    }
    offset += length;
  }
  return CutShort(Format::kPng, bytes.size());
}

// The WebP container specification: RIFF, then VP8 (lossy), VP8L (lossless) or VP8X (extended).
Result<Size> ReadWebp(Bytes bytes) {
  constexpr std::uint64_t data = 20;  // Of the first chunk.
  if (!Has(bytes, 0, data + 10) || !Has(bytes, 8, LittleEndian(bytes, 4, 4))) {
    return CutShort(Format::kWebp, bytes.size());
  }
  if (Matches(bytes, 12, "VP8X")) {
    return Checked(Format::kWebp, LittleEndian(bytes, data + 4, 3) + std::int64_t{1},
                   LittleEndian(bytes, data + 7, 3) + std::int64_t{1});
  }
  constexpr std::uint32_t mask14 = 0x3FFF;
  if (Matches(bytes, 12, "VP8 ") && Matches(bytes, data + 3, "\x9D\x01\x2A")) {
    return Checked(Format::kWebp, LittleEndian(bytes, data + 6, 2) & mask14,
                   LittleEndian(bytes, data + 8, 2) & mask14);
  }
  if (Matches(bytes, 12, "VP8L") && Matches(bytes, data, "\x2F")) {
    const std::uint32_t bits = LittleEndian(bytes, data + 1, 4);
    return Checked(Format::kWebp, (bits & mask14) + std::int64_t{1},
                   (bits >> 14 & mask14) + std::int64_t{1});
  }
  return Error{"the WebP file does not begin with a picture: damaged"};
}

// BITMAPFILEHEADER, then BITMAPCOREHEADER (12 bytes, 16-bit sizes) or a longer one; a negative
// height means rows from the top.
Result<Size> ReadBmp(Bytes bytes) {
  if (!Has(bytes, 0, 26)) return CutShort(Format::kBmp, bytes.size());
  if (LittleEndian(bytes, 14, 4) == 12) {
    return Checked(Format::kBmp, LittleEndian(bytes, 18, 2), LittleEndian(bytes, 20, 2));
  }
  const std::int64_t width = static_cast<std::int32_t>(LittleEndian(bytes, 18, 4));
  const std::int64_t height = static_cast<std::int32_t>(LittleEndian(bytes, 22, 4));
  return Checked(Format::kBmp, width, std::max(height, -height));
}

struct Signature {
  std::uint64_t offset;
  std::string_view bytes;
  std::string_view name;
};

// What people give in a picture's stead.
std::string_view NameOfOther(Bytes bytes) {
  using std::string_view_literals::operator""sv;
  static constexpr Signature others[] = {
      {0, "GIF8"sv, "a GIF"},
      {0, "II*\0"sv, "a TIFF (or a camera's raw file)"},
      {0, "MM\0*"sv, "a TIFF (or a camera's raw file)"},
      {4, "ftyphei"sv, "a HEIC picture"},
      {4, "ftypmif1"sv, "a HEIC picture"},
      {4, "ftypavif"sv, "an AVIF picture"},
      {4, "ftyp"sv, "a video (MP4 or MOV)"},
      {8, "AVI "sv, "a video (AVI)"},
      {0, "\x1A\x45\xDF\xA3"sv, "a video (Matroska or WebM)"},
      {0, "\0\0\0\x0CjP  "sv, "a JPEG 2000"},
      {0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000"},
      {0, "\0\0\0\x0CJXL "sv, "a JPEG XL"},
      {0, "\xFF\x0A"sv, "a JPEG XL"},
      {0, "%PDF"sv, "a PDF"},
      {0, "8BPS"sv, "a Photoshop file"},
      {0, "<svg"sv, "an SVG drawing"},
      {0, "<"sv, "a text (HTML or XML)"},
      {0, "P5"sv, "a PGM"},
      {0, "P6"sv, "a PPM"},
      {0, "PK\x03\x04"sv, "a zip archive"},
  };
  const auto* found = std::ranges::find_if(
      others, [&](const Signature& s) { return Matches(bytes, s.offset, s.bytes); });
  return found == std::end(others) ? "no picture of a known format" : found->name;
}

}  // namespace

std::string_view ToString(Format format) {
  switch (format) {
    case Format::kJpeg:
      return "JPEG";
    case Format::kPng:
      return "PNG";
    case Format::kWebp:
      return "WebP";
    case Format::kBmp:
      return "BMP";
  }
  return "?";
}

Result<Size> ReadSize(std::span<const std::byte> file) {
  if (file.empty()) return Error{"the file is empty"};
  if (Matches(file, 0, "\xFF\xD8\xFF")) return JpegReader(file).Read();
  if (Matches(file, 0, "\x89PNG\r\n\x1A\n")) return ReadPng(file);
  if (Matches(file, 0, "RIFF") && Matches(file, 8, "WEBP")) return ReadWebp(file);
  if (Matches(file, 0, "BM")) return ReadBmp(file);
  return Error{"it is " + std::string(NameOfOther(file)) +
               "; JPEG, PNG, WebP and BMP are read, so convert it to one of these"};
}

}  // namespace cnp::image
