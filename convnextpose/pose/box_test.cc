#include "convnextpose/pose/box.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "convnextpose/pose/affine.h"

namespace cnp::pose {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void ExpectBox(const Result<Box>& actual, const Box& expected) {
  ASSERT_TRUE(actual.ok()) << actual.error().message;
  EXPECT_NEAR(actual->x, expected.x, 1e-9);
  EXPECT_NEAR(actual->y, expected.y, 1e-9);
  EXPECT_NEAR(actual->w, expected.w, 1e-9);
  EXPECT_NEAR(actual->h, expected.h, 1e-9);
}

// Expected numbers by hand from spec 3-pose: corners clipped (w - 1 to the right edge), centre
// kept, grown to the aspect, times 1.25.
TEST(NetworkBox, InsideThePictureGrowsToASquare) {
  // Corners 100..149, 50..149: w 49, h 99, centre (124.5, 99.5), side 99 * 1.25 = 123.75.
  ExpectBox(NetworkBox({100, 50, 50, 100}, 640, 480), {62.625, 37.625, 123.75, 123.75});
}

TEST(NetworkBox, WideBoxGrowsInHeight) {
  // w 200, h 20, centre (110, 20), side 250.
  ExpectBox(NetworkBox({10, 10, 201, 21}, 640, 480), {-15, -105, 250, 250});
}

TEST(NetworkBox, LeftAndTopOverhangMovesTheBoxWithoutShrinkingIt) {
  // x1 = 0, x2 = 0 + 50; y1 = 0, y2 = 100: centre (25, 50), side 125.
  ExpectBox(NetworkBox({-10, -20, 51, 101}, 640, 480), {-37.5, -12.5, 125, 125});
}

TEST(NetworkBox, RightAndBottomOverhangIsCut) {
  // 600..639, 400..479: w 39, h 79, centre (619.5, 439.5), side 98.75.
  ExpectBox(NetworkBox({600, 400, 500, 500}, 640, 480), {570.125, 390.125, 98.75, 98.75});
}

TEST(NetworkBox, GrowsToTheAspectOfTheInput) {
  // Aspect 0.75 (192 x 256): h 100 wants w 75; w 200 wants h 266.67.
  ExpectBox(NetworkBox({0, 0, 51, 101}, 640, 480, 0.75), {-21.875, -12.5, 93.75, 125});
  const auto wide = NetworkBox({0, 0, 201, 101}, 640, 480, 0.75);
  ASSERT_TRUE(wide.ok());
  EXPECT_DOUBLE_EQ(wide->w, 250);
  EXPECT_NEAR(wide->w / wide->h, 0.75, 1e-12);
  EXPECT_NEAR(wide->center()[1], 50, 1e-9);
}

TEST(NetworkBox, OnePixelWideIsStillABox) {
  ExpectBox(NetworkBox({5, 5, 1, 101}, 640, 480), {-57.5, -7.5, 125, 125});
}

struct BadBox {
  Box box;
  const char* message;
};
class RefusedBox : public testing::TestWithParam<BadBox> {};
INSTANTIATE_TEST_SUITE_P(
    NetworkBox, RefusedBox,
    testing::Values(BadBox{{0, 0, 0, 10}, "no area"}, BadBox{{0, 0, -5, -5}, "no area"},
                    BadBox{{700, 10, 50, 50}, "outside the picture of 640 x 480"},
                    BadBox{{10, 480, 50, 50}, "outside"}, BadBox{{-60, 10, 50, 50}, "outside"},
                    BadBox{{10, -50, 50, 50}, "outside"}, BadBox{{1e308, 0, 1e308, 5}, "outside"},
                    BadBox{{kNan, 0, 5, 5}, "not finite"},
                    BadBox{{0, 0, kInfinity, 5}, "not finite"},
                    BadBox{{3, 3, 1, 1}, "no more than one pixel"},
                    BadBox{{639, 479, 9, 9}, "no more than one pixel"}));
TEST_P(RefusedBox, SaysWhy) {
  const auto box = NetworkBox(GetParam().box, 640, 480);
  ASSERT_FALSE(box.ok());
  EXPECT_THAT(box.error().message, HasSubstr(GetParam().message));
  EXPECT_THAT(box.error().message, HasSubstr("person box " + ToString(GetParam().box)));
}

TEST(CheckNetworkBox, TakesWhatNetworkBoxMakesAndRefusesTheRest) {
  EXPECT_TRUE(CheckNetworkBox(*NetworkBox({-10, -20, 51, 101}, 640, 480)).ok());
  EXPECT_TRUE(CheckNetworkBox({-5000, 0, 0.01, 0.01}).ok());
  EXPECT_FALSE(CheckNetworkBox({0, 0, 0, 1}).ok());
  EXPECT_FALSE(CheckNetworkBox({0, 0, 1, -1}).ok());
  EXPECT_FALSE(CheckNetworkBox({0, kNan, 1, 1}).ok());
  EXPECT_FALSE(CheckNetworkBox({0, 0, 2e6, 1}).ok());
  EXPECT_FALSE(CheckNetworkBox({-2e6, 0, 1, 1}).ok());
}

TEST(BoxAroundJoints, LeavesAMarginOfEightPercentOfTheLongerSide) {
  const Vec2 joints[] = {{10, 20}, {60, 120}, {30, 70}};
  ExpectBox(BoxAroundJoints(joints), {2, 12, 66, 116});
}

TEST(BoxAroundJoints, SkipsUnsureAndUnknownJoints) {
  const Vec2 joints[] = {{10, 20}, {60, 120}, {900, 900}, {kNan, 3}};
  const double confidence[] = {0.9, 0.8, 0.1, 0.9};
  ExpectBox(BoxAroundJoints(joints, confidence, 0.2), {2, 12, 66, 116});
}

TEST(BoxAroundJoints, RefusesNothingToGoBy) {
  const Vec2 one[] = {{10, 20}, {kNan, kNan}};
  EXPECT_FALSE(BoxAroundJoints(one).ok());
  const Vec2 same[] = {{10, 20}, {10, 20}};
  EXPECT_FALSE(BoxAroundJoints(same).ok());
  EXPECT_FALSE(BoxAroundJoints({}).ok());
}

TEST(IntersectionOverUnion, ByHand) {
  EXPECT_DOUBLE_EQ(IntersectionOverUnion({0, 0, 10, 10}, {0, 0, 10, 10}), 1);
  EXPECT_DOUBLE_EQ(IntersectionOverUnion({0, 0, 10, 10}, {5, 0, 10, 10}), 50.0 / 150);
  EXPECT_EQ(IntersectionOverUnion({0, 0, 10, 10}, {10, 0, 10, 10}), 0);
}

void ExpectPoint(const Vec2& actual, const Vec2& expected) {
  EXPECT_NEAR(actual[0], expected[0], 1e-9);
  EXPECT_NEAR(actual[1], expected[1], 1e-9);
}

TEST(CropFromPicture, MapsTheThreePointsOfTheSpec) {
  const Box box = {-20, 30, 100, 60};
  const Affine map = CropFromPicture(box, 256, 256);
  ExpectPoint(map({30, 60}), {128, 128});
  ExpectPoint(map({30, 90}), {128, 256});
  ExpectPoint(map({80, 60}), {256, 128});
  const Affine narrow = CropFromPicture(box, 192, 256);
  ExpectPoint(narrow({30, 60}), {96, 128});
  ExpectPoint(narrow({80, 90}), {192, 256});
}

TEST(PictureFromCrop, UndoesTheCrop) {
  const Box box = {-20.5, 30.25, 100, 63};
  const Affine there = CropFromPicture(box, 256, 192);
  const Affine back = PictureFromCrop(box, 256, 192);
  ExpectPoint(back(there({12.5, -7})), {12.5, -7});
  ExpectPoint(back({0, 0}), {-20.5, 30.25});
}

TEST(Inverse, OfAShearedMapByHand) {
  const Affine map = {.xx = 2, .xy = 1, .x0 = 3, .yx = 1, .yy = 4, .y0 = -8};
  const Affine inverse = Inverse(map);
  ExpectPoint(inverse({3, -8}), {0, 0});
  ExpectPoint(inverse({5, -7}), {1, 0});
  ExpectPoint(inverse({4, -4}), {0, 1});
  EXPECT_THROW(Inverse({.xx = 0, .yy = 1}), CheckFailure);
}

}  // namespace
}  // namespace cnp::pose
