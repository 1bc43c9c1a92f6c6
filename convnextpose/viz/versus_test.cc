#include "convnextpose/viz/versus.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "convnextpose/base/check.h"

namespace cnp::viz {
namespace {

using pose::Vec2;
using pose::Vec3;

constexpr int kSize = 300;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
using Rgb = std::array<std::uint8_t, 3>;
constexpr Rgb kBlue = {0, 114, 178};
constexpr Rgb kWhite = {255, 255, 255};  // The truth.

// How much of a colour the columns from `begin` to `end` have.
int Count(const image::Image& image, const Rgb& color, int begin, int end) {
  int count = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = begin; x < end; ++x) {
      const std::uint8_t* pixel = &image.rgb[3 * (y * static_cast<std::size_t>(image.width) + x)];
      count += pixel[0] == color[0] && pixel[1] == color[1] && pixel[2] == color[2] ? 1 : 0;
    }
  }
  return count;
}

// Red left of x = 100, green to the right of it.
image::Image TwoHalves() {
  image::Image image{200, 200, {}};
  for (int i = 0; i < 200 * 200; ++i) {
    const bool left = i % 200 < 100;
    for (const int value : {left ? 200 : 0, left ? 0 : 200, 0}) {
      image.rgb.push_back(static_cast<std::uint8_t>(value));
    }
  }
  return image;
}

// A spine from the pelvis to the thorax, else nothing.
template <typename Vec>
std::vector<Vec> Spine(const Vec& nowhere, const Vec& pelvis, const Vec& torso) {
  std::vector<Vec> joints(18, nowhere);
  joints[0] = pelvis;
  joints[7] = torso;
  return joints;
}
const Vec2 kNowhere2 = {kNan, kNan};
const Vec3 kNowhere3 = {kNan, kNan, kNan};

TEST(DrawVersusTest, ShowsThePartOfThePictureInTheBox) {
  const image::Image picture = TwoHalves();
  const image::Image drawn = DrawVersus(
      pose::Human36m(), {.picture = &picture, .box = {50, -100, 150, 300}, .color = kBlue}, kSize);
  ASSERT_EQ(drawn.width, kSize);
  ASSERT_EQ(drawn.height, kSize);
  const auto at = [&](int x, int y) {
    const std::uint8_t* pixel = &drawn.rgb[3 * (static_cast<std::size_t>(y) * kSize + x)];
    return std::vector<int>{pixel[0], pixel[1], pixel[2]};
  };
  EXPECT_EQ(at(95, 200), (std::vector{200, 0, 0}));  // x = 50 + 95 / 2.
  EXPECT_EQ(at(105, 200), (std::vector{0, 200, 0}));
  EXPECT_EQ(at(150, 95), at(5, 5)) << "above the picture's edge is empty ground";
  EXPECT_NE(at(150, 105), at(5, 5));
}

TEST(DrawVersusTest, DrawsBothPosesInEveryPanel) {
  const auto predicted_px = Spine(kNowhere2, {60, 150}, {60, 60});
  const auto truth_px = Spine(kNowhere2, {140, 150}, {140, 60});
  const auto predicted_mm = Spine(kNowhere3, {0, 0, 0}, {-300, -500, -300});
  const auto truth_mm = Spine(kNowhere3, {0, 0, 0}, {300, -500, 300});
  const image::Image drawn = DrawVersus(pose::Human36m(),
                                        {.box = {0, 0, 200, 200},
                                         .predicted_px = predicted_px,
                                         .truth_px = truth_px,
                                         .predicted_mm = predicted_mm,
                                         .truth_mm = truth_mm,
                                         .color = kBlue},
                                        kSize);
  ASSERT_EQ(drawn.width, 3 * kSize);
  EXPECT_GT(Count(drawn, kBlue, 0, kSize * 35 / 100), 100);
  EXPECT_GT(Count(drawn, kWhite, kSize * 60 / 100, kSize), 100);
  for (const int panel : {1, 2}) {
    // The prediction leans to the left (nearer), the truth to the right.
    const int middle = kSize * panel + (74 + kSize - 18) / 2;
    EXPECT_GT(Count(drawn, kBlue, kSize * panel, middle - 4), 30) << panel;
    EXPECT_GT(Count(drawn, kBlue, kSize * panel, middle),
              2 * Count(drawn, kBlue, middle, kSize * (panel + 1)))
        << panel;
  }
}

TEST(DrawVersusTest, WithoutAPoseInSpaceThereAreNoViews) {
  const auto predicted_px = Spine(kNowhere2, {60, 150}, {60, 60});
  const std::vector<Vec3> unknown(18, kNowhere3);
  const image::Image drawn = DrawVersus(pose::Human36m(),
                                        {.box = {0, 0, 200, 200},
                                         .predicted_px = predicted_px,
                                         .predicted_mm = unknown,
                                         .color = kBlue},
                                        kSize);
  EXPECT_EQ(drawn.width, kSize);
  EXPECT_GT(Count(drawn, kBlue, 0, kSize), 100);
}

TEST(DrawVersusTest, SurvivesBoxesAndJointsFromAnywhere) {
  const image::Image picture = TwoHalves();
  const std::vector<Vec2> far(18, {1e300, -1e300});
  const std::vector<Vec3> extreme(18, {9e6, -9e6, 9e6});
  for (const pose::Box& box : {pose::Box{5000, 5000, 10, 10},
                               {-1e6, -1e6, 1, 1},
                               {-1e6, -1e6, 2e6, 2e6},
                               {50.2, 50.2, 0.1, 0.1},
                               {-5, 20, 10, 1e6}}) {
    const image::Image drawn = DrawVersus(pose::Human36m(),
                                          {.picture = &picture,
                                           .box = box,
                                           .predicted_px = far,
                                           .truth_px = far,
                                           .predicted_mm = extreme,
                                           .truth_mm = extreme,
                                           .color = kBlue},
                                          kSize);
    EXPECT_EQ(drawn.width, 3 * kSize);
  }
  EXPECT_THROW(DrawVersus(pose::Human36m(), {.box = {0, 0, 1, 1}}, 100), CheckFailure);
  EXPECT_THROW(DrawVersus(pose::Human36m(), {.box = {}}, kSize), CheckFailure);
}

}  // namespace
}  // namespace cnp::viz
