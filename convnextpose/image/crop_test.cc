#include "convnextpose/image/crop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <ostream>
#include <random>
#include <vector>

#include "convnextpose/pose/affine.h"

namespace cnp::image {
namespace {

using pose::Box;

// Soft shapes with some noise: every grey level, edges, no two pixels alike.
Image Picture(int width, int height) {
  Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  std::mt19937 random(5);
  std::uniform_int_distribution<int> noise(-20, 20);
  std::size_t i = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const double wave = 128 + 100 * std::sin(x * 0.05 * (c + 1)) * std::cos(y * 0.07);
        image.rgb[i++] =
            static_cast<std::uint8_t>(std::clamp(static_cast<int>(wave) + noise(random), 0, 255));
      }
    }
  }
  return image;
}

cv::Mat WarpAffine(const Image& picture, const Box& box, int width, int height) {
  const pose::Affine m = pose::CropFromPicture(box, width, height);
  const cv::Mat map = (cv::Mat_<double>(2, 3) << m.xx, m.xy, m.x0, m.yx, m.yy, m.y0);
  const cv::Mat source(picture.height, picture.width, CV_8UC3,
                       const_cast<std::uint8_t*>(picture.rgb.data()));
  cv::Mat crop;
  cv::warpAffine(source, crop, map, {width, height}, cv::INTER_LINEAR, cv::BORDER_CONSTANT, {});
  return crop;
}

struct Case {
  const char* what;
  int width, height;  // of the picture
  Box box;
  int input_width, input_height;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

class AgainstOpenCv : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Crop, AgainstOpenCv,
    testing::Values(Case{"inside, smaller", 640, 480, {100.3, 50.7, 300, 300}, 256, 256},
                    Case{"inside, enlarged", 640, 480, {200.25, 150.5, 61.7, 61.7}, 256, 256},
                    Case{"on the pixel grid", 640, 480, {32, 16, 256, 256}, 256, 256},
                    Case{"partly outside", 640, 480, {-123.4, -55.5, 411, 411}, 256, 256},
                    Case{"over the far corner", 640, 480, {500.1, 300.9, 333, 333}, 256, 256},
                    Case{"around all", 640, 480, {-400, -500, 1500, 1500}, 256, 256},
                    Case{"outside", 640, 480, {900, -800, 200, 200}, 256, 256},
                    Case{"one pixel", 1, 1, {-1, -1, 3, 3}, 256, 256},
                    Case{"one row", 300, 1, {10, -20, 40, 40}, 256, 256},
                    Case{"tiny box", 640, 480, {320.2, 240.4, 0.5, 0.5}, 256, 256},
                    Case{"huge box", 640, 480, {-40000, -40000, 81000, 81000}, 256, 256},
                    Case{"tall input", 640, 480, {100, 20, 300, 400}, 192, 256},
                    Case{"odd input", 640, 480, {-10, 20, 310, 407}, 65, 37}));

TEST_P(AgainstOpenCv, AgreesWithinAGreyLevelOnAverage) {
  const Case& test = GetParam();
  const Image picture = Picture(test.width, test.height);
  std::vector<std::uint8_t> crop(std::size_t{3} * test.input_width * test.input_height, 77);
  CropBytes(picture.view(), test.box, test.input_width, test.input_height, false, crop);
  const cv::Mat expected = WarpAffine(picture, test.box, test.input_width, test.input_height);
  double sum = 0;
  int worst = 0;
  for (std::size_t i = 0; i < crop.size(); ++i) {
    const int difference = std::abs(int{crop[i]} - int{expected.data[i]});
    sum += difference;
    worst = std::max(worst, difference);
  }
  // OpenCV rounds positions to 1/32 pixel; on a border with black that is up to 255/32 levels.
  EXPECT_LT(sum / static_cast<double>(crop.size()), 0.75);
  EXPECT_LE(worst, 10);
}

TEST_P(AgainstOpenCv, IsNormalisedAndMirroredToTheBit) {
  const Case& test = GetParam();
  const Image picture = Picture(test.width, test.height);
  const std::size_t size = std::size_t{3} * test.input_width * test.input_height;
  std::vector<std::uint8_t> bytes(size);
  std::vector<float> crop(size, std::nanf(""));
  std::vector<float> mirrored(size, std::nanf(""));
  CropBytes(picture.view(), test.box, test.input_width, test.input_height, false, bytes);
  Crop(picture.view(), test.box, test.input_width, test.input_height, false, crop);
  Crop(picture.view(), test.box, test.input_width, test.input_height, true, mirrored);
  std::vector<float> turned(size, std::nanf(""));
  MirrorRows(crop, test.input_width, turned);
  EXPECT_EQ(turned, mirrored);
  const double mean[] = {0.485, 0.456, 0.406};
  const double deviation[] = {0.229, 0.224, 0.225};
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t c = i % 3;
    ASSERT_NEAR((crop[i] * deviation[c] + mean[c]) * 255, bytes[i], 0.501) << i;
    const std::size_t x = i / 3 % test.input_width;
    ASSERT_EQ(mirrored[i - 3 * x + 3 * (test.input_width - 1 - x)], crop[i]) << i;
  }
}

TEST(Crop, RowsAreTheSameBitsOnTheirOwn) {
  const Image picture = Picture(50, 70);
  const pose::Box box = {-5, 3, 40, 61};
  const int side = 24;
  std::vector<float> whole(std::size_t{3} * side * side);
  Crop(picture.view(), box, side, side, true, whole);
  for (const int band : {1, 7, 24}) {
    std::vector<float> rows(whole.size(), std::nanf(""));
    for (int first = 0; first < side; first += band) {
      const int count = std::min(band, side - first);
      CropRows(
          picture.view(), box, side, side, true, first, count,
          std::span(rows).subspan(std::size_t{3} * side * first, std::size_t{3} * side * count));
    }
    EXPECT_EQ(rows, whole) << band;
  }
  EXPECT_THROW(CropRows(picture.view(), box, side, side, true, side, 1, std::span(whole).first(72)),
               CheckFailure);
}

TEST(Crop, OutsideIsBlackBeforeNormalisation) {
  const Image picture = Picture(20, 10);
  std::vector<float> crop(std::size_t{3} * 8 * 4);
  Crop(picture.view(), {100, 100, 50, 50}, 8, 4, false, crop);
  EXPECT_FLOAT_EQ(crop[0], -0.485F / 0.229F);
  EXPECT_FLOAT_EQ(crop[1], -0.456F / 0.224F);
  EXPECT_FLOAT_EQ(crop.back(), -0.406F / 0.225F);
}

TEST(Crop, BlendsFourPixelsByHand) {
  // Two by two pixels; the crop's pixel (1, 1) lies at (0.25, 0.5).
  const Image picture = {2, 2, {0, 0, 0, 100, 100, 100, 200, 200, 200, 40, 40, 40}};
  std::vector<std::uint8_t> crop(12);
  CropBytes(picture.view(), {-0.75, -0.5, 2, 2}, 2, 2, false, crop);
  EXPECT_EQ(crop[9], 93);  // 0.75 * (0 + 200) / 2 + 0.25 * (100 + 40) / 2 = 92.5
  EXPECT_EQ(crop[0], 0);   // at (-0.75, -0.5): 0.25 * 0.5 * 0
  EXPECT_EQ(crop[3], 13);  // at (0.25, -0.5): 0.5 * 0.25 * 100 = 12.5
}

TEST(Crop, ReadsRowsThatAreNotPacked) {
  const Image picture = Picture(64, 48);
  const ImageView all = picture.view();
  const ImageView part = {all.rgb + 5 * all.stride + 30, 40, 30, all.stride};
  Image copy{40, 30, {}};
  for (std::ptrdiff_t y = 0; y < 30; ++y) {
    const std::uint8_t* row = part.rgb + y * part.stride;
    copy.rgb.insert(copy.rgb.end(), row, row + 120);
  }
  std::vector<float> from_view(std::size_t{3} * 32 * 32);
  std::vector<float> from_copy(from_view.size());
  Crop(part, {-3, 2, 41, 33}, 32, 32, false, from_view);
  Crop(copy.view(), {-3, 2, 41, 33}, 32, 32, false, from_copy);
  EXPECT_EQ(from_view, from_copy);
}

TEST(Crop, ChecksItsPreconditions) {
  const Image picture = Picture(8, 8);
  std::vector<float> crop(std::size_t{3} * 4 * 4);
  EXPECT_THROW(Crop(picture.view(), {0, 0, 8, 8}, 4, 5, false, crop), CheckFailure);
  EXPECT_THROW(Crop(picture.view(), {0, 0, 0, 8}, 4, 4, false, crop), CheckFailure);
  EXPECT_THROW(Crop(picture.view(), {std::nan(""), 0, 8, 8}, 4, 4, false, crop), CheckFailure);
  EXPECT_THROW(Crop({}, {0, 0, 8, 8}, 4, 4, false, crop), CheckFailure);
}

}  // namespace
}  // namespace cnp::image
