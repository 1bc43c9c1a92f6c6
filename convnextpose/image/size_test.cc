#include "convnextpose/image/size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "convnextpose/image/orientation.h"

namespace cnp::image {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;

Result<Size> Read(const std::string& bytes) {
  return ReadSize(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

std::string Big(std::uint32_t value, int count) {
  std::string bytes;
  while (count-- > 0) bytes += static_cast<char>(value >> (8 * count) & 0xFF);
  return bytes;
}
std::string Little(std::uint32_t value, int count) {
  const std::string big = Big(value, count);
  return {big.rbegin(), big.rend()};
}

std::string Png(std::uint32_t width, std::uint32_t height) {
  return "\x89PNG\r\n\x1A\n"s + Big(13, 4) + "IHDR" + Big(width, 4) + Big(height, 4) +
         std::string("\x08\x02\0\0\0", 5) + "crc." + Big(2, 4) + "IDATxxcrc." + Big(0, 4) +
         "IENDcrc.";
}

// An APP0 with a fake frame header inside, padding, a table, the frame, a scan with a stuffed FF
// and a restart mark.
std::string Jpeg(std::uint32_t width, std::uint32_t height, char frame = '\xC2') {
  const std::string app0 = "\xFF\xE0\0\x08\xFF\xC0\0\x11\x08\x07"s;
  const std::string table = "\xFF\xFF\xFF\xC4\0\x03z"s;
  const std::string sof = "\xFF"s + frame + "\0\x0B\x08"s + Big(height, 2) + Big(width, 2);
  const std::string scan = "\xFF\xDA\0\x08\x01\x01\0\0\x3F\0ab\xFF\0cd\xFF\xD0 ef"s;
  return "\xFF\xD8" + app0 + table + sof + "\x01\x01\x11\0"s + scan + "\xFF\xD9";
}

std::string Webp(const std::string& chunk, const std::string& data, const std::string& rest = "") {
  const std::string body = "WEBP" + chunk + Little(data.size(), 4) + data + rest;
  return "RIFF" + Little(body.size(), 4) + body;
}
std::string Vp8(std::uint32_t width, std::uint32_t height) {
  return "abc\x9D\x01\x2A" + Little(width | 0x4000, 2) + Little(height | 0x8000, 2);
}

std::string Bmp(std::int32_t width, std::int32_t height) {
  return "BM............" + Little(40, 4) + Little(width, 4) + Little(height, 4) + "more";
}

void ExpectSize(const std::string& bytes, Format format, int width, int height) {
  const auto size = Read(bytes);
  ASSERT_TRUE(size.ok()) << size.error().message;
  EXPECT_EQ(size->format, format);
  EXPECT_EQ(size->width, width);
  EXPECT_EQ(size->height, height);
}

TEST(ReadSize, OfEachFormat) {
  ExpectSize(Png(640, 480), Format::kPng, 640, 480);
  ExpectSize(Jpeg(1234, 567), Format::kJpeg, 1234, 567);
  ExpectSize(Jpeg(1234, 567, '\xC0'), Format::kJpeg, 1234, 567);
  ExpectSize(Webp("VP8 ", Vp8(320, 200)), Format::kWebp, 320, 200);
  ExpectSize(Webp("VP8L", "\x2F" + Little(319 | 199 << 14, 4) + "padding"), Format::kWebp, 320,
             200);
  ExpectSize(Webp("VP8X", "\x08..." + Little(99999, 3) + Little(1, 3)), Format::kWebp, 100000, 2);
  ExpectSize(Bmp(31, 17), Format::kBmp, 31, 17);
  ExpectSize(Bmp(31, -17), Format::kBmp, 31, 17);
  ExpectSize("BM............" + Little(12, 4) + Little(31, 2) + Little(17, 2) + "more",
             Format::kBmp, 31, 17);
}

std::string Message(const std::string& bytes) {
  const auto size = Read(bytes);
  return size.ok() ? "it is a picture" : size.error().message;
}

TEST(ReadSize, RefusesNoPixelsAndTooMany) {
  for (const std::string& bytes :
       {Png(0, 5), Jpeg(5, 0), Webp("VP8 ", Vp8(0, 3)), Bmp(-5, 5), Bmp(5, 0), Jpeg(0, 5)}) {
    EXPECT_THAT(Message(bytes), HasSubstr("damaged"));
  }
  ExpectSize(Png(16384, 16384), Format::kPng, 16384, 16384);
  EXPECT_THAT(Message(Png(16384, 16385)), HasSubstr("more than the 256 megapixels"));
  EXPECT_THAT(Message(Png(0xFFFFFFFF, 0xFFFFFFFF)), HasSubstr("4294967295 x 4294967295"));
  EXPECT_THAT(Message(Jpeg(65535, 65535)), HasSubstr("more than"));
  EXPECT_THAT(Message(Webp("VP8X", "\x08..." + Little(0xFFFFFF, 3) + Little(0xFFFFFF, 3))),
              HasSubstr("more than"));
  EXPECT_THAT(Message(Bmp(0x7FFFFFFF, INT32_MIN)), HasSubstr("more than"));
}

TEST(ReadSize, RefusesEveryTruncation) {
  for (const std::string& whole :
       {Png(640, 480), Jpeg(640, 480), Webp("VP8 ", Vp8(640, 480)), Bmp(640, 480).substr(0, 26)}) {
    ASSERT_TRUE(Read(whole).ok());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(Read(whole.substr(0, size)).ok()) << whole.substr(0, 4) << " " << size;
    }
    EXPECT_THAT(Message(whole.substr(0, whole.size() - 1)), HasSubstr("cut short"));
  }
}

TEST(ReadSize, RefusesHeadersThatContradictThemselves) {
  EXPECT_THAT(Message("\xFF\xD8\xFF\xD9"s), HasSubstr("before any picture"));
  EXPECT_THAT(Message("\xFF\xD8\xFF\xC0\0\x04\x08\0\xFF\xD9"s), HasSubstr("frame header"));
  EXPECT_THAT(Message("\xFF\xD8\xFF\xE0\0\x01 \xFF\xD9"s), HasSubstr("cut short"));
  EXPECT_THAT(Message(Webp("VP9 ", Vp8(4, 4))), HasSubstr("does not begin with a picture"));
  std::string png = Png(4, 4);
  png[15] = 'X';
  EXPECT_THAT(Message(png), HasSubstr("header chunk"));
}

TEST(ReadSize, NamesWhatIsNoPicture) {
  EXPECT_THAT(Message(""), HasSubstr("empty"));
  EXPECT_THAT(Message("GIF89a......"), HasSubstr("a GIF; JPEG, PNG, WebP and BMP are read"));
  EXPECT_THAT(Message("II*\0....."s), HasSubstr("TIFF"));
  EXPECT_THAT(Message(Big(24, 4) + "ftypheic...."), HasSubstr("HEIC"));
  EXPECT_THAT(Message(Big(24, 4) + "ftypisom...."), HasSubstr("video"));
  EXPECT_THAT(Message("%PDF-1.7"), HasSubstr("PDF"));
  EXPECT_THAT(Message("PK\x03\x04...."), HasSubstr("zip"));
  EXPECT_THAT(Message("hello"), HasSubstr("no picture of a known format"));
}

TEST(ReadSize, SurvivesAnyBytes) {
  std::mt19937 random(1);
  for (const std::string& whole :
       {Png(64, 48), Jpeg(64, 48),
        Webp("VP8X", std::string(10, 'a'), "EXIF" + Little(4, 4) + "II*"), Bmp(64, 48)}) {
    for (int i = 0; i < 5000; ++i) {
      std::string bytes = whole;
      for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = static_cast<char>(random());
      const auto size = Read(bytes);
      if (size.ok()) {
        EXPECT_GT(size->width, 0);
        EXPECT_LE(std::int64_t{size->width} * size->height, kMaxPixels);
      }
      const int orientation = WebpOrientation(std::as_bytes(std::span(bytes.data(), bytes.size())));
      EXPECT_TRUE(orientation >= 1 && orientation <= 8);
    }
  }
}

}  // namespace
}  // namespace cnp::image
