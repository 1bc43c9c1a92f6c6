#include "convnextpose/pose/camera.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace cnp::pose {
namespace {

TEST(Camera, DefaultIsThePublishedAssumption) {
  const Camera camera = DefaultCamera(640, 427);
  EXPECT_EQ(camera.focal_px, (Vec2{1500, 1500}));
  EXPECT_EQ(camera.center_px, (Vec2{320, 213.5}));
  EXPECT_TRUE(camera.assumed);
}

TEST(Camera, FromFocalIsNotAssumed) {
  const auto camera = CameraFromFocal(1145, 1144, 1000, 1002);
  ASSERT_TRUE(camera.ok());
  EXPECT_EQ(camera->focal_px, (Vec2{1145, 1144}));
  EXPECT_EQ(camera->center_px, (Vec2{500, 501}));
  EXPECT_FALSE(camera->assumed);
}

TEST(Camera, FromFovSpansThePicturesWidth) {
  const auto camera = CameraFromFov(90, 800, 600);
  ASSERT_TRUE(camera.ok());
  EXPECT_NEAR(camera->focal_px[0], 400, 1e-9);
  EXPECT_NEAR(camera->focal_px[1], 400, 1e-9);
  EXPECT_NEAR(CameraFromFov(60, 1000, 10)->focal_px[0], 500 * std::sqrt(3.0), 1e-9);
}

TEST(Camera, RefusesWhatNoCameraHas) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, -1500.0, std::nan(""), infinity}) {
    EXPECT_FALSE(CameraFromFocal(bad, 1500, 640, 480).ok()) << bad;
    EXPECT_FALSE(CameraFromFocal(1500, bad, 640, 480).ok()) << bad;
    EXPECT_FALSE(CameraFromFov(bad, 640, 480).ok()) << bad;
  }
  EXPECT_FALSE(CameraFromFov(180, 640, 480).ok());
  EXPECT_THAT(CameraFromFov(180, 640, 480).error().message, testing::HasSubstr("180"));
}

TEST(BackProject, ByHand) {
  const Camera camera = {.focal_px = {1000, 500}, .center_px = {320, 240}};
  EXPECT_EQ(BackProject(camera, {420, 190}, 3000), (Vec3{300, -300, 3000}));
}

TEST(Project, UndoesBackProject) {
  const Camera camera = {.focal_px = {1234, 1111}, .center_px = {321, 243}};
  const Vec2 px = Project(camera, BackProject(camera, {-17.25, 600.5}, 4321));
  EXPECT_NEAR(px[0], -17.25, 1e-9);
  EXPECT_NEAR(px[1], 600.5, 1e-9);
}

TEST(Project, HasNoAnswerBehindTheCamera) {
  const Camera camera = DefaultCamera(640, 480);
  EXPECT_FALSE(IsFinite(Project(camera, {1, 1, 0})));
  EXPECT_FALSE(IsFinite(Project(camera, {1, 1, -5})));
  EXPECT_FALSE(IsFinite(Project(camera, {1, 1, std::nan("")})));
}

}  // namespace
}  // namespace cnp::pose
