#include "convnextpose/image/warp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <ostream>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/image/crop.h"

namespace cnp::image {
namespace {

using pose::Affine;

Image Picture(int width, int height) {
  Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  for (std::size_t i = 0; i < image.rgb.size(); ++i) {
    const std::size_t pixel = i / 3;
    const double x = static_cast<double>(pixel % width);
    const double y = static_cast<double>(pixel) / width;
    const double wave = 128 + 100 * std::sin(x * 0.05 * (i % 3 + 1.0)) * std::cos(y * 0.07);
    image.rgb[i] = static_cast<std::uint8_t>(wave + static_cast<double>(i * 2654435761 % 27));
  }
  return image;
}

// The output's middle lies at (x, y) of the picture.
Affine Turned(double degrees, double scale, double x, double y, int width, int height,
              bool mirror = false) {
  const double angle = degrees * std::numbers::pi / 180;
  const double side = mirror ? -1 : 1;
  Affine map{.xx = side * scale * std::cos(angle),
             .xy = -scale * std::sin(angle),
             .yx = side * scale * std::sin(angle),
             .yy = scale * std::cos(angle)};
  map.x0 = x - map.xx * width / 2 - map.xy * height / 2;
  map.y0 = y - map.yx * width / 2 - map.yy * height / 2;
  return map;
}

struct Case {
  const char* what;
  int width, height;  // Of the picture.
  Affine map;
  int out_width, out_height;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.what; }

class WarpAgainstOpenCv : public testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(
    Warp, WarpAgainstOpenCv,
    testing::Values(Case{"turned", 300, 200, Turned(30, 1.3, 150, 100, 128, 128), 128, 128},
                    Case{"enlarged", 300, 200, Turned(-50, 0.31, 120, 80, 256, 256), 256, 256},
                    Case{"shrunk", 640, 480, Turned(7, 4.7, 300, 200, 128, 128), 128, 128},
                    Case{"mirrored", 300, 200, Turned(20, 1, 150, 100, 128, 96, true), 128, 96},
                    Case{"upside down", 300, 200, Turned(180, 1.1, 150, 100, 128, 128), 128, 128},
                    Case{"over a corner", 300, 200, Turned(45, 1.5, 280, 10, 128, 128), 128, 128},
                    Case{"outside", 300, 200, Turned(45, 1, 900, -700, 64, 64), 64, 64},
                    Case{"one pixel", 1, 1, Turned(10, 0.1, 0.5, 0.5, 64, 64), 64, 64},
                    Case{"one row", 100, 1, Turned(10, 0.5, 50, 0, 64, 64), 64, 64}));

TEST_P(WarpAgainstOpenCv, AgreesWithinAGreyLevelOnAverage) {
  const Case& test = GetParam();
  const Image picture = Picture(test.width, test.height);
  std::vector<std::uint8_t> ours(std::size_t{3} * test.out_width * test.out_height, 77);
  Warp(picture.view(), test.map, test.out_width, test.out_height, ours);
  const Affine& m = test.map;
  const cv::Mat map = (cv::Mat_<double>(2, 3) << m.xx, m.xy, m.x0, m.yx, m.yy, m.y0);
  const cv::Mat source(picture.height, picture.width, CV_8UC3,
                       const_cast<std::uint8_t*>(picture.rgb.data()));
  cv::Mat theirs;
  cv::warpAffine(source, theirs, map, {test.out_width, test.out_height},
                 cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_CONSTANT, {});
  double sum = 0;
  int far = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const int difference = std::abs(ours[i] - theirs.data[i]);
    sum += difference;
    far = std::max(far, difference);
  }
  EXPECT_LT(sum / static_cast<double>(ours.size()), 1);
  EXPECT_LE(far, 12);  // OpenCV rounds places to 1/32 of a pixel.
}

TEST(WarpTest, EqualsTheEnginesCropWhereNothingTurns) {
  const Image picture = Picture(300, 200);
  for (const pose::Box& box : {pose::Box{40.3, 20.7, 150, 150}, pose::Box{-60, -70, 400, 400}}) {
    std::vector<std::uint8_t> crop(std::size_t{3} * 128 * 128);
    CropBytes(picture.view(), box, 128, 128, false, crop);
    std::vector<std::uint8_t> warped(crop.size());
    Warp(picture.view(), pose::PictureFromCrop(box, 128, 128), 128, 128, warped);
    int far = 0;
    for (std::size_t i = 0; i < crop.size(); ++i) {
      far = std::max(far, std::abs(crop[i] - warped[i]));
    }
    EXPECT_LE(far, 1);
  }
}

TEST(WarpTest, PlacesFarAwayAreBlack) {
  const Image picture = Picture(30, 20);
  std::vector<std::uint8_t> out(std::size_t{3} * 8 * 8, 77);
  Warp(picture.view(), {.xx = 1e300, .x0 = 1e301, .yy = -1e300}, 8, 8, out);
  EXPECT_TRUE(std::all_of(out.begin(), out.end(), [](std::uint8_t v) { return v == 0; }));
}

TEST(WarpTest, WrongUseIsRefused) {
  const Image picture = Picture(30, 20);
  std::vector<std::uint8_t> out(std::size_t{3} * 8 * 8);
  EXPECT_THROW(Warp(picture.view(), {}, 8, 9, out), CheckFailure);
  EXPECT_THROW(Warp({}, {}, 8, 8, out), CheckFailure);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Warp(picture.view(), {.x0 = nan}, 8, 8, out), CheckFailure);
}

}  // namespace
}  // namespace cnp::image
