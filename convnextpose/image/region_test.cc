#include "convnextpose/image/region.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <jpeglib.h>

#include "convnextpose/image/crop.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/image/jpeg_region.h"
#include "convnextpose/image/size.h"

namespace cnp::image {
namespace {

using pose::Box;
using Bytes = std::span<const std::byte>;

// How a JPEG is written: OpenCV offers no more than a few of these.
struct Flavour {
  const char* what;
  int horizontal, vertical;  // Pixels of brightness that share a colour.
  bool grey = false;
  int restart_rows = 0;
  int restart_blocks = 0;
  bool progressive = false;
  bool optimized = false;
};
void PrintTo(const Flavour& flavour, std::ostream* out) { *out << flavour.what; }

std::vector<std::byte> WriteJpeg(const Image& image, const Flavour& flavour, int quality = 90) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* file = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's.
  jpeg_mem_dest(&codec, &file, &size);
  codec.image_width = image.width;
  codec.image_height = image.height;
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  if (flavour.grey) jpeg_set_colorspace(&codec, JCS_GRAYSCALE);
  jpeg_set_quality(&codec, quality, TRUE);
  codec.comp_info[0].h_samp_factor = flavour.horizontal;
  codec.comp_info[0].v_samp_factor = flavour.vertical;
  codec.restart_in_rows = flavour.restart_rows;
  codec.restart_interval = flavour.restart_blocks;
  codec.optimize_coding = flavour.optimized ? TRUE : FALSE;
  if (flavour.progressive) jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    auto* row =
        const_cast<JSAMPLE*>(&image.rgb[std::size_t{3} * image.width * codec.next_scanline]);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  const auto* begin = reinterpret_cast<const std::byte*>(file);
  std::vector<std::byte> bytes(begin, begin + size);
  std::free(file);
  return bytes;
}

// Colours that change from pixel to pixel, so that a border seen wrongly shows.
Image Picture(int width, int height) {
  Image image{width, height, {}};
  std::mt19937 random(width * 10007 + height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = 128 + 90 * std::sin(x * 0.21 * (c + 1)) * std::cos(y * (0.4 - 0.1 * c));
        image.rgb.push_back(
            static_cast<std::uint8_t>(wave + static_cast<double>(random() % 64) - 32));
      }
    }
  }
  return image;
}

// "": the region is a part of `whole` and holds what the box needs; else what is wrong.
std::string Differs(const Region& region, const Image& whole, const Box& box) {
  const Image& part = region.pixels;
  if (region.left < 0 || region.left + part.width > whole.width || part.width < 1 ||
      region.top < 0 || region.top + part.height > whole.height || part.height < 1) {
    return "not inside the picture";
  }
  if (part.rgb.size() != std::size_t{3} * part.width * part.height) return "the number of pixels";
  for (int y = 0; y < part.height; ++y) {
    for (int x = 0; x < 3 * part.width; ++x) {
      const std::size_t there = std::size_t{3} * (whole.width * (y + region.top) + region.left) + x;
      if (part.rgb[std::size_t{3} * part.width * y + x] != whole.rgb[there]) {
        return "pixel " + std::to_string(x / 3) + ", " + std::to_string(y) + " of " +
               std::to_string(part.width) + " x " + std::to_string(part.height) + " from " +
               std::to_string(region.left) + ", " + std::to_string(region.top);
      }
    }
  }
  const int side = 24;
  std::vector<float> of_part(std::size_t{3} * side * side);
  std::vector<float> of_whole(of_part.size());
  for (const bool mirror : {false, true}) {
    Crop(region.view(), box, side, side, mirror, of_part);
    Crop(whole.view(), box, side, side, mirror, of_whole);
    if (of_part != of_whole) return "the crop";
  }
  return "";
}

std::vector<Box> BoxesIn(int width, int height, int count) {
  std::mt19937 random(width + height);
  std::uniform_real_distribution<double> anywhere(-0.2, 1);
  std::uniform_real_distribution<double> length(0.02, 0.9);
  std::vector<Box> boxes = {
      {0, 0, 1.0 * width, 1.0 * height},   {-50, -60, width + 200.0, height + 200.0},
      {2.0 * width, 3.0 * height, 50, 50}, {-900, -900, 20, 20},
      {width - 1.0, height - 1.0, 1, 1},   {0.25, 0.25, 0.5, 0.5}};
  for (int i = 0; i < count; ++i) {
    boxes.push_back({anywhere(random) * width, anywhere(random) * height, length(random) * width,
                     length(random) * height});
  }
  for (int i = 0; i < count; ++i) {  // Whole numbers, on and beside the borders of blocks.
    boxes.push_back({static_cast<double>(random() % width), static_cast<double>(random() % height),
                     1 + static_cast<double>(random() % 40),
                     1 + static_cast<double>(random() % 40)});
  }
  return boxes;
}

class InPart : public testing::TestWithParam<Flavour> {};
INSTANTIATE_TEST_SUITE_P(
    Region, InPart,
    testing::Values(Flavour{"4:4:4", 1, 1}, Flavour{"4:2:2", 2, 1}, Flavour{"4:4:0", 1, 2},
                    Flavour{"4:2:0", 2, 2}, Flavour{"grey", 1, 1, true},
                    Flavour{"4:2:0, restart in rows", 2, 2, false, 1},
                    Flavour{"4:2:0, restart in blocks", 2, 2, false, 0, 7},
                    Flavour{"4:2:2, restart in rows", 2, 1, false, 2},
                    Flavour{"grey, restart in blocks", 1, 1, true, 0, 5},
                    Flavour{"4:2:0, optimized", 2, 2, false, 0, 0, false, true}));

TEST_P(InPart, HasThePixelsOfTheWholeToTheBit) {
  const int sizes[][2] = {{1, 1},   {2, 3},   {7, 9},    {8, 8},     {16, 16},   {17, 33},  {31, 5},
                          {64, 48}, {65, 49}, {130, 77}, {255, 256}, {301, 200}, {200, 401}};
  for (const auto& [width, height] : sizes) {
    const auto file = WriteJpeg(Picture(width, height), GetParam());
    const auto size = ReadSize(file);
    const auto whole = Decode(file, "whole");
    ASSERT_TRUE(size.ok() && whole.ok());
    for (const Box& box : BoxesIn(width, height, 20)) {
      const auto region = DecodeJpegRegion(file, *size, box);
      ASSERT_TRUE(region) << width << " x " << height << ", box " << ToString(box);
      ASSERT_EQ(Differs(*region, *whole, box), "")
          << width << " x " << height << ", box " << ToString(box);
    }
  }
}

TEST_P(InPart, IsAPart) {
  const auto file = WriteJpeg(Picture(400, 300), GetParam());
  const auto region = DecodeJpegRegion(file, *ReadSize(file), {100, 50, 60, 70});
  ASSERT_TRUE(region);
  EXPECT_EQ(region->left, 99);
  EXPECT_EQ(region->top, 49);
  EXPECT_EQ(region->pixels.width, 63);
  EXPECT_EQ(region->pixels.height, 73);
}

std::vector<std::byte> WithExif(const std::vector<std::byte>& file, char orientation) {
  using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
  const std::string segment =
      "\xFF\xE1\0\x22"
      "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s +
      orientation + "\0\0\0\0\0\0\0"s;
  const auto* begin = reinterpret_cast<const std::byte*>(segment.data());
  std::vector<std::byte> turned = file;
  turned.insert(turned.begin() + 2, begin, begin + segment.size());
  return turned;
}

std::vector<std::byte> ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

// What is not decoded in part comes whole, and as Decode has it.
TEST(Region, FallsBackToTheWhole) {
  const Image picture = Picture(80, 60);
  const auto plain = WriteJpeg(picture, {"4:2:0", 2, 2});
  const std::vector<std::byte> files[] = {
      WithExif(plain, 6),
      WithExif(plain, 3),
      WriteJpeg(picture, {"progressive", 2, 2, false, 0, 0, true}),
      WriteJpeg(picture, {"4:1:1", 4, 1}),
      WriteJpeg(picture, {"grey in larger blocks", 2, 2, true}),
      ReadBytes(CNP_TESTDATA "/image/cmyk.jpg"),
      EncodePng(picture),
  };
  const Box box = {2, 3, 7, 4};
  for (const auto& file : files) {
    const auto region = DecodeRegion(file, "part", box);
    const auto whole = Decode(file, "whole");
    ASSERT_TRUE(region.ok() && whole.ok()) << &file - files;
    EXPECT_EQ(Differs(*region, *whole, box), "") << &file - files;
    EXPECT_EQ(region->pixels.width, whole->width) << &file - files;
    EXPECT_EQ(region->pixels.height, whole->height) << &file - files;
  }
  const auto upright = DecodeRegion(WithExif(plain, 1), "part", box);
  ASSERT_TRUE(upright.ok());
  EXPECT_EQ(upright->pixels.width, 10);
}

TEST(Region, ATruncatedFileIsAnErrorAsForDecode) {
  const auto whole = WriteJpeg(Picture(100, 80), {"4:2:0", 2, 2});
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{3}, std::size_t{200}, whole.size() - 1}) {
    const auto file = Bytes(whole).first(size);
    const auto region = DecodeRegion(file, "a.jpg", {0, 0, 5, 5});
    const auto expected = Decode(file, "a.jpg");
    ASSERT_FALSE(region.ok() || expected.ok()) << size;
    EXPECT_EQ(region.error().message, expected.error().message) << size;
  }
}

TEST(Region, LoadNamesThePathAndChecksTheBox) {
  const auto missing = LoadRegion("/no/such/picture.jpg", {0, 0, 5, 5});
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("/no/such/picture.jpg"), std::string::npos);
  EXPECT_THROW(static_cast<void>(DecodeRegion({}, "", {0, 0, -1, 5})), CheckFailure);
}

// Damage anywhere: no crash, no message, and where both see pixels they see the same ones.
TEST(Region, DamagedBytesAreReadAsDecodeReadsThem) {
  std::mt19937 random(11);
  const Flavour flavours[] = {{"4:2:0", 2, 2}, {"4:4:4", 1, 1, false, 1}, {"grey", 1, 1, true}};
  int seen = 0;
  std::string wrong;
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  for (const Flavour& flavour : flavours) {
    const auto plain = WithExif(WriteJpeg(Picture(90, 70), flavour), 1);
    for (int i = 0; i < 1500; ++i) {
      auto file = plain;
      // Half of them in the headers, which are short.
      const std::size_t reach = i % 2 == 0 ? file.size() : 700;
      for (int k = 0; k < 1 + i % 3; ++k) file[random() % reach] = static_cast<std::byte>(random());
      const Box box = {static_cast<double>(random() % 80), static_cast<double>(random() % 60), 20,
                       9};
      const auto size = ReadSize(file);
      if (!size.ok() || std::int64_t{size->width} * size->height > 1'000'000) continue;
      const auto region = DecodeJpegRegion(file, *size, box);
      if (!region) continue;
      const auto whole = Decode(file, "whole");
      if (!whole.ok()) continue;
      ++seen;
      const std::string difference = Differs(*region, *whole, box);
      if (!difference.empty()) wrong += std::string(flavour.what) + ": " + difference + "; ";
    }
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  testing::internal::GetCapturedStderr();  // OpenCV's libjpeg warns there.
  EXPECT_EQ(wrong, "");
  EXPECT_GT(seen, 500) << "hardly any file was decoded";
}

}  // namespace
}  // namespace cnp::image
