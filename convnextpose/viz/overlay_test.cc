#include "convnextpose/viz/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/skeleton.h"

namespace cnp::viz {
namespace {

using pose::Vec2;
using Pixel = std::array<int, 3>;

constexpr Pixel kGround = {100, 110, 120};

image::Image Blank(int width, int height) {
  image::Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i) {
    for (const int value : kGround) image.rgb.push_back(static_cast<std::uint8_t>(value));
  }
  return image;
}

Pixel At(const image::Image& image, double x, double y) {
  const std::size_t i =
      3 * (std::lround(y) * static_cast<std::size_t>(image.width) + std::lround(x));
  return {image.rgb[i], image.rgb[i + 1], image.rgb[i + 2]};
}

Pixel ColorAsPixel(pose::Side side) {
  const Color color = ColorOf(side);
  return {static_cast<int>(color[0]), static_cast<int>(color[1]), static_cast<int>(color[2])};
}

// Joints on a grid, so that none covers another.
std::vector<Vec2> Spread(const pose::JointSet& set) {
  std::vector<Vec2> points(set.joints.size());
  for (int j = 0; j < set.size(); ++j) {
    const int column = j % 5;
    const int row = j / 5;
    points[j] = {60.0 + 60 * column, 60.0 + 70 * row};
  }
  return points;
}

TEST(DrawOverlay, PaintsEachJointInItsSidesColour) {
  for (const pose::JointSet& set : pose::JointSets()) {
    const std::vector<Vec2> points = Spread(set);
    image::Image image = Blank(400, 450);
    const Person person = {.image_px = points};
    DrawOverlay(set, {&person, 1}, image);
    for (int j = 0; j < set.size(); ++j) {
      EXPECT_EQ(At(image, points[j][0], points[j][1]), ColorAsPixel(SideOf(set, j)))
          << set.name << " " << set.joints[j];
    }
    EXPECT_EQ(At(image, 395, 445), kGround);
  }
}

TEST(DrawOverlay, FadesUnsureJoints) {
  const pose::JointSet& set = pose::Human36m();
  const std::vector<Vec2> points = Spread(set);
  std::vector<double> confidence(points.size(), 0.9);
  confidence[16] = kConfident / 2;
  image::Image image = Blank(400, 450);
  const Person person = {.image_px = points, .confidence = confidence};
  DrawOverlay(set, {&person, 1}, image);
  EXPECT_EQ(At(image, points[15][0], points[15][1]), ColorAsPixel(pose::Side::kRight));
  EXPECT_NE(At(image, points[16][0], points[16][1]), ColorAsPixel(pose::Side::kRight));
}

TEST(DrawOverlay, PaintsTheNearerBoneOverTheFarther) {
  const pose::JointSet& set = pose::Human36m();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<Vec2> points(set.joints.size(), {nan, nan});
  points[2] = {50, 50};  // The right shank and the left one cross at (100, 100).
  points[3] = {150, 150};
  points[5] = {150, 50};
  points[6] = {50, 150};
  for (const bool left_nearer : {false, true}) {
    std::vector<pose::Vec3> camera_mm(points.size(), {0, 0, 3000});
    camera_mm[5][2] = camera_mm[6][2] = left_nearer ? 2000 : 4000;
    image::Image image = Blank(200, 200);
    const Person person = {.image_px = points, .camera_mm = camera_mm};
    DrawOverlay(set, {&person, 1}, image);
    EXPECT_EQ(At(image, 100, 100),
              ColorAsPixel(left_nearer ? pose::Side::kLeft : pose::Side::kRight));
  }
}

TEST(DrawOverlay, DrawsBoxesAndLabel) {
  image::Image image = Blank(1000, 600);
  const Person person = {.box = pose::Box{300, 200, 200, 300},
                         .network_box = pose::Box{225, 150, 400, 400},
                         .label = "person 1"};
  DrawOverlay(pose::Human36m(), {&person, 1}, image);
  const auto bright = [&](int x, int y) { return std::ranges::min(At(image, x, y)) > 225; };
  EXPECT_TRUE(bright(400, 200));  // On the person's box,
  EXPECT_TRUE(bright(500, 350));
  EXPECT_TRUE(bright(230, 150));                        // at a corner of the network's
  EXPECT_EQ(At(image, 425, 150), kGround);              // and between two.
  EXPECT_EQ(At(image, 302, 198), (Pixel{24, 24, 28}));  // The tag above the box.
}

TEST(DrawOverlay, LeavesThePictureAloneWhereNothingIsToBeDrawn) {
  const image::Image before = Blank(64, 48);
  image::Image image = before;
  DrawOverlay(pose::Human36m(), {}, image);
  EXPECT_EQ(image.rgb, before.rgb);
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Vec2> unknown(18, {nan, 3});
  const std::vector<Vec2> outside(18, {-5000, 9000});
  const std::vector<Vec2> far(18, {1e300, -1e300});
  std::vector<Person> people = {
      {}, {.image_px = unknown}, {.image_px = outside}, {.image_px = far}};
  people.push_back({.box = pose::Box{nan, 0, 5, 5}});
  people.push_back({.box = pose::Box{0, 0, 1e300, 1e300}, .network_box = pose::Box{-1e9, 0, 1, 1}});
  DrawOverlay(pose::Human36m(), people, image);
  EXPECT_EQ(image.rgb, before.rgb);
}

TEST(DrawOverlay, SurvivesMixedAndTinyInputs) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<Vec2> points(18, {2, 3});
  points[3] = {infinity, 0};
  points[5] = {9e5, -9e5};
  points[16] = {1e9, 1e9};
  std::vector<pose::Vec3> camera_mm(18, {0, 0, 1});
  camera_mm[2] = {0, 0, std::nan("")};
  const std::vector<double> confidence(18, std::nan(""));
  const Person person = {.box = pose::Box{-3, -3, 1, 1},
                         .image_px = points,
                         .camera_mm = camera_mm,
                         .confidence = confidence,
                         .label = "a label longer than the picture is wide"};
  image::Image image = Blank(1, 1);
  DrawOverlay(pose::Human36m(), {&person, 1}, image);
  EXPECT_EQ(image.rgb.size(), 3U);
  EXPECT_NE(At(image, 0, 0), kGround);
}

TEST(DrawOverlay, ChecksItsPreconditions) {
  image::Image none;
  EXPECT_THROW(DrawOverlay(pose::Human36m(), {}, none), CheckFailure);
  image::Image image = Blank(8, 8);
  const std::vector<Vec2> too_few(17, {1, 1});
  const Person person = {.image_px = too_few};
  EXPECT_THROW(DrawOverlay(pose::Human36m(), {&person, 1}, image), CheckFailure);
}

}  // namespace
}  // namespace cnp::viz
