#include "convnextpose/image/jpeg_region.h"

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it.
#include <new>
#include <vector>

#include <jpeglib.h>

#include "convnextpose/image/bytes.h"
#include "convnextpose/image/orientation.h"

namespace cnp::image {
namespace {

// Of one axis, in pixels.
struct Range {
  int begin = 0;
  int end = 0;
};

// The pixels of an axis between which those of a crop lie, and one more for rounding; at least one.
Range Needed(double start, double length, int size) {
  const auto clamped = [](double value, int least, int most) {
    return static_cast<int>(std::clamp<double>(value, least, most));
  };
  const int begin = clamped(std::floor(start) - 1, 0, size - 1);
  return {begin, clamped(std::ceil(start + length) + 2, begin + 1, size)};
}

// Where decoding begins and ends, the upsampling of colours sees a border of the picture; it looks
// one pixel of half the size beyond.
constexpr int kMargin = 8;
Range WithMargin(const Range& range, int size) {
  return {std::max(0, range.begin - kMargin), std::min(size, range.end + kMargin)};
}

struct Codec {
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  ~Codec() { jpeg_destroy_decompress(&decoder); }

  jpeg_error_mgr errors{};
  jpeg_decompress_struct decoder{};
  std::jmp_buf give_up{};
};

[[noreturn]] void GiveUp(j_common_ptr codec) {
  std::longjmp(*static_cast<std::jmp_buf*>(codec->client_data), 1);
}
// Where libjpeg would warn and go on, OpenCV shall decide.
void GiveUpIfDamaged(j_common_ptr codec, int level) {
  if (level < 0) GiveUp(codec);
}
void PrintNothing(j_common_ptr /*codec*/) {}

void Open(Codec& codec, Bytes file) {
  codec.decoder.err = jpeg_std_error(&codec.errors);
  codec.errors.error_exit = GiveUp;
  codec.errors.emit_message = GiveUpIfDamaged;
  codec.errors.output_message = PrintNothing;
  codec.decoder.client_data = &codec.give_up;
  jpeg_create_decompress(&codec.decoder);
  jpeg_mem_src(&codec.decoder, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_save_markers(&codec.decoder, JPEG_APP0 + 1, 0xFFFF);  // EXIF.
  jpeg_read_header(&codec.decoder, TRUE);
}

bool IsUpright(const jpeg_decompress_struct& decoder) {
  constexpr std::size_t prefix = 6;  // "Exif\0\0"
  for (auto* marker = decoder.marker_list; marker != nullptr; marker = marker->next) {
    const Bytes data = std::as_bytes(std::span(marker->data, marker->data_length));
    if (data.size() > prefix && TiffOrientation(data.subspan(prefix)) != 1) return false;
  }
  return true;
}

// Grey, or colours of which two share a value along an axis at most.
bool IsUsual(const jpeg_decompress_struct& decoder) {
  const auto sampled = [&](int component, int most) {
    const jpeg_component_info& info = decoder.comp_info[component];
    return info.h_samp_factor <= most && info.v_samp_factor <= most;
  };
  if (decoder.num_components == 1) {
    return decoder.jpeg_color_space == JCS_GRAYSCALE && sampled(0, 1);
  }
  return decoder.num_components == 3 && decoder.jpeg_color_space == JCS_YCbCr && sampled(0, 2) &&
         sampled(1, 1) && sampled(2, 1);
}

bool CanBeDecodedInPart(jpeg_decompress_struct& decoder, const Size& size) {
  return static_cast<int>(decoder.image_width) == size.width &&
         static_cast<int>(decoder.image_height) == size.height && decoder.progressive_mode == 0 &&
         decoder.arith_code == 0 && jpeg_has_multiple_scans(&decoder) == 0 && IsUsual(decoder) &&
         IsUpright(decoder);
}

// Of the pixels, which must have room, so that nothing is allocated here.
bool ReadRows(jpeg_decompress_struct& decoder, const Range& columns, const Range& rows,
              std::vector<std::uint8_t>& rgb) {
  decoder.out_color_space = JCS_RGB;
  jpeg_start_decompress(&decoder);
  const Range wide = WithMargin(columns, static_cast<int>(decoder.output_width));
  auto left = static_cast<JDIMENSION>(wide.begin);
  auto width = static_cast<JDIMENSION>(wide.end - wide.begin);
  jpeg_crop_scanline(&decoder, &left, &width);  // May begin further left.
  auto* row = decoder.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&decoder), JPOOL_IMAGE,
                                        width * 3, 1)[0];
  const auto top = static_cast<JDIMENSION>(std::max(0, rows.begin - kMargin));
  if (jpeg_skip_scanlines(&decoder, top) != top) return false;
  const std::uint8_t* begin = row + std::size_t{3} * (columns.begin - left);
  const std::uint8_t* end = row + std::size_t{3} * (columns.end - left);
  while (static_cast<int>(decoder.output_scanline) < rows.end) {
    const bool wanted = static_cast<int>(decoder.output_scanline) >= rows.begin;
    if (jpeg_read_scanlines(&decoder, &row, 1) != 1) return false;
    if (wanted) rgb.insert(rgb.end(), begin, end);
  }
  return true;
}

// libjpeg leaves by longjmp: neither here nor in what is called from here may anything live that
// has a destructor.
bool Read(Codec& codec, Bytes file, const Size& size, const Range& columns, const Range& rows,
          std::vector<std::uint8_t>& rgb) {
  if (setjmp(codec.give_up) != 0) return false;
  Open(codec, file);
  return CanBeDecodedInPart(codec.decoder, size) && ReadRows(codec.decoder, columns, rows, rgb);
}

}  // namespace

std::optional<Region> DecodeJpegRegion(std::span<const std::byte> file, const Size& size,
                                       const pose::Box& network_box) {
  const Range columns = Needed(network_box.x, network_box.w, size.width);
  const Range rows = Needed(network_box.y, network_box.h, size.height);
  Region region{
      {columns.end - columns.begin, rows.end - rows.begin, {}}, columns.begin, rows.begin};
  try {
    // Not filled: of a header that promises too much no page is touched.
    region.pixels.rgb.reserve(std::size_t{3} * region.pixels.width * region.pixels.height);
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
  Codec codec;
  if (!Read(codec, file, size, columns, rows, region.pixels.rgb)) return std::nullopt;
  return region;
}

}  // namespace cnp::image
