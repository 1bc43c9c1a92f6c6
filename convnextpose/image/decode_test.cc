#include "convnextpose/image/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

namespace cnp::image {
namespace {

using namespace std::string_literals;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;

constexpr int kWidth = 24;
constexpr int kHeight = 16;

// Quarters: red, green over blue, white; so that every turn and mirror differs.
constexpr std::uint8_t kQuarters[2][2][3] = {{{255, 0, 0}, {0, 255, 0}},
                                             {{0, 0, 255}, {255, 255, 255}}};
Image Quarters() {
  Image image{kWidth, kHeight, {}};
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const auto& pixel = kQuarters[y / (kHeight / 2)][x / (kWidth / 2)];
      image.rgb.insert(image.rgb.end(), pixel, pixel + 3);
    }
  }
  return image;
}

cv::Mat BgrQuarters() {
  Image image = Quarters();
  cv::Mat bgr;
  cv::cvtColor(cv::Mat(kHeight, kWidth, CV_8UC3, image.rgb.data()), bgr, cv::COLOR_RGB2BGR);
  return bgr;
}

std::string Text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::string OpenCvEncode(const cv::Mat& picture, const std::string& extension,
                         const std::vector<int>& parameters = {}) {
  std::vector<std::uint8_t> file;
  CNP_CHECK(cv::imencode(extension, picture, file, parameters), extension);
  return {file.begin(), file.end()};
}
Result<Image> DecodeText(const std::string& bytes) {
  return Decode(std::as_bytes(std::span(bytes.data(), bytes.size())), "test.file");
}

// The colour in the middle of a quarter, as a name.
char ColorAt(const Image& image, bool right, bool below) {
  const int x = image.width * (right ? 3 : 1) / 4;
  const int y = image.height * (below ? 3 : 1) / 4;
  const std::uint8_t* pixel = &image.rgb[std::size_t{3} * (y * image.width + x)];
  const auto high = [&](int c) { return pixel[c] > 128; };
  if (high(0) && high(1) && high(2)) return 'w';
  return high(0) ? 'r' : high(1) ? 'g' : high(2) ? 'b' : 'k';
}
std::string Colors(const Image& image) {
  return {ColorAt(image, false, false), ColorAt(image, true, false), ColorAt(image, false, true),
          ColorAt(image, true, true)};
}

TEST(Decode, PngIsLossless) {
  const auto image = DecodeText(Text(EncodePng(Quarters())));
  ASSERT_TRUE(image.ok()) << image.error().message;
  EXPECT_EQ(image->width, kWidth);
  EXPECT_EQ(image->height, kHeight);
  EXPECT_EQ(image->rgb, Quarters().rgb);
}

TEST(Decode, ReadsTheFourFormats) {
  const cv::Mat bgr = BgrQuarters();
  for (const char* extension : {".jpg", ".png", ".webp", ".bmp"}) {
    const auto image = DecodeText(OpenCvEncode(bgr, extension));
    ASSERT_TRUE(image.ok()) << image.error().message;
    EXPECT_EQ(image->width, kWidth);
    EXPECT_EQ(Colors(*image), "rgbw") << extension;
  }
}

TEST(Decode, MakesEightBitRgbOfEverything) {
  const cv::Mat grey(5, 7, CV_8UC1, cv::Scalar(90));
  const cv::Mat deep(5, 7, CV_16UC3, cv::Scalar(0x1000, 0x8000, 0xF000));
  const cv::Mat deep_grey(5, 7, CV_16UC1, cv::Scalar(0x8000));
  const cv::Mat alpha(5, 7, CV_8UC4, cv::Scalar(10, 20, 30, 128));
  const auto first_pixel = [](const std::string& file) {
    const auto image = DecodeText(file);
    EXPECT_TRUE(image.ok());
    EXPECT_EQ(image->rgb.size(), 3U * 5 * 7);
    return std::vector<int>(image->rgb.begin(), image->rgb.begin() + 3);
  };
  EXPECT_EQ(first_pixel(OpenCvEncode(grey, ".png")), (std::vector<int>{90, 90, 90}));
  EXPECT_EQ(first_pixel(OpenCvEncode(grey, ".jpg")), (std::vector<int>{90, 90, 90}));
  EXPECT_EQ(first_pixel(OpenCvEncode(grey, ".bmp")), (std::vector<int>{90, 90, 90}));
  EXPECT_EQ(first_pixel(OpenCvEncode(deep, ".png")), (std::vector<int>{0xF0, 0x80, 0x10}));
  EXPECT_EQ(first_pixel(OpenCvEncode(deep_grey, ".png")), (std::vector<int>{0x80, 0x80, 0x80}));
  EXPECT_EQ(first_pixel(OpenCvEncode(alpha, ".png")), (std::vector<int>{30, 20, 10}));
  EXPECT_EQ(first_pixel(OpenCvEncode(alpha, ".webp", {cv::IMWRITE_WEBP_QUALITY, 101})),
            (std::vector<int>{30, 20, 10}));
}

// testdata/image/cmyk.jpg: 16 x 8 in inverted CMYK as print programs write it; the left half pure
// magenta and yellow, the right half a quarter of white. Made with libjpeg (JCS_CMYK, quality 95).
TEST(Decode, ReadsCmyk) {
  const auto image = Load(CNP_TESTDATA "/image/cmyk.jpg");
  ASSERT_TRUE(image.ok()) << image.error().message;
  ASSERT_EQ(image->width, 16);
  ASSERT_EQ(image->height, 8);
  const int expected[2][3] = {{255, 0, 0}, {64, 64, 64}};
  for (int half = 0; half < 2; ++half) {
    for (int c = 0; c < 3; ++c) {
      EXPECT_NEAR(image->rgb[(4 * 16 + 4 + 8 * half) * 3 + c], expected[half][c], 3);
    }
  }
}

std::string BigShort(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string LittleLong(std::size_t value) {
  return {static_cast<char>(value), static_cast<char>(value >> 8), static_cast<char>(value >> 16),
          static_cast<char>(value >> 24)};
}
std::string Tiff(int orientation) {
  return "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + static_cast<char>(orientation) +
         "\0\0\0\0\0\0\0"s;
}
std::string TurnedJpeg(int orientation) {
  const std::string file = Text(EncodeJpeg(Quarters()));
  const std::string exif = "Exif\0\0"s + Tiff(orientation);
  return file.substr(0, 2) + "\xFF\xE1" + BigShort(exif.size() + 2) + exif + file.substr(2);
}
std::string TurnedWebp(int orientation, const std::string& prefix) {
  const std::string plain = OpenCvEncode(BgrQuarters(), ".webp", {cv::IMWRITE_WEBP_QUALITY, 101});
  const std::string exif = prefix + Tiff(orientation);
  const std::string body = "WEBPVP8X" + LittleLong(10) + "\x08\0\0\0"s +
                           LittleLong(kWidth - 1).substr(0, 3) +
                           LittleLong(kHeight - 1).substr(0, 3) + plain.substr(12) + "EXIF" +
                           LittleLong(exif.size()) + exif;
  return "RIFF" + LittleLong(body.size()) + body;
}

// By the definition: where row 0 and column 0 of the stored picture belong (EXIF 2.3, 0x0112).
constexpr const char* kUpright[] = {"rgbw", "grwb", "wbgr", "bwrg", "rbgw", "brwg", "wgbr", "gwrb"};

TEST(Decode, TurnsAsExifSays) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const std::string& file : {TurnedJpeg(orientation), TurnedWebp(orientation, ""),
                                    TurnedWebp(orientation, "Exif\0\0"s)}) {
      const auto image = DecodeText(file);
      ASSERT_TRUE(image.ok()) << image.error().message;
      EXPECT_EQ(Colors(*image), kUpright[orientation - 1]) << orientation;
      EXPECT_EQ(image->width, orientation < 5 ? kWidth : kHeight);
    }
  }
  EXPECT_EQ(Colors(*DecodeText(TurnedWebp(9, ""))), "rgbw");
}

TEST(Decode, ATruncatedFileIsAnError) {
  const std::string jpeg = Text(EncodeJpeg(Quarters()));
  const std::string png = Text(EncodePng(Quarters()));
  for (const std::string& whole : {jpeg, png, TurnedWebp(1, "")}) {
    const auto image = DecodeText(whole.substr(0, whole.size() - 10));
    ASSERT_FALSE(image.ok());
    EXPECT_THAT(image.error().message, HasSubstr("test.file: "));
    EXPECT_THAT(image.error().message, HasSubstr("cut short"));
  }
}

TEST(Decode, DamagedDataIsAnErrorThatNamesTheFile) {
  std::string png = Text(EncodePng(Quarters()));
  const std::size_t data = png.find("IDAT") + 4;
  for (std::size_t i = data; i < data + 8; ++i) png[i] = 'x';
  const auto image = DecodeText(png);
  ASSERT_FALSE(image.ok());
  EXPECT_THAT(image.error().message, HasSubstr("test.file: the PNG data is damaged"));
}

TEST(Load, NamesWhatItCannotRead) {
  const auto missing = Load("/no/such/picture.jpg");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("/no/such/picture.jpg"));
  const auto text = Load(__FILE__);
  ASSERT_FALSE(text.ok());
  EXPECT_THAT(text.error().message, HasSubstr("decode_test.cc: it is no picture"));
}

TEST(EncodeJpeg, KeepsColoursWithinALevelOrTwo) {
  const Image image = {16, 16, std::vector<std::uint8_t>(std::size_t{3} * 16 * 16, 130)};
  const auto decoded = DecodeText(Text(EncodeJpeg(image, 90)));
  ASSERT_TRUE(decoded.ok());
  for (const std::uint8_t value : decoded->rgb) EXPECT_NEAR(value, 130, 2);
  EXPECT_LT(EncodeJpeg(Quarters(), 30).size(), EncodeJpeg(Quarters(), 95).size());
}

TEST(Encode, ChecksThatThereAreThePixels) {
  EXPECT_THROW(static_cast<void>(EncodePng({})), CheckFailure);
  EXPECT_THROW(static_cast<void>(EncodePng({4, 4, std::vector<std::uint8_t>(3)})), CheckFailure);
}

}  // namespace
}  // namespace cnp::image
