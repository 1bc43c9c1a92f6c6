#include "convnextpose/pose/pose.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace cnp::pose {
namespace {

constexpr Grid kGrid = {.width = 32, .height = 64, .depth = 16};
constexpr Box kBox = {-10, 20, 320, 640};

TEST(VecTest, ANormWithoutANumberIsNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Vec3& vec : {Vec3{nan, 0, 0}, Vec3{0, nan, 0}, Vec3{0, 0, nan}}) {
    EXPECT_TRUE(std::isnan(Norm(vec)));
  }
  EXPECT_DOUBLE_EQ(Norm({2, -3, 6}), 7);
}

TEST(Pose, CellsToPixelsByHand) {
  EXPECT_EQ(ImagePx({0, 0, 0}, kGrid, kBox), (Vec2{-10, 20}));
  EXPECT_EQ(ImagePx({16, 8, 0}, kGrid, kBox), (Vec2{150, 100}));
}

TEST(Pose, BinsToMillimetresByHand) {
  EXPECT_EQ(RelativeDepthMm({0, 0, 0}, kGrid), -1000);
  EXPECT_EQ(RelativeDepthMm({0, 0, 8}, kGrid), 0);
  EXPECT_EQ(RelativeDepthMm({0, 0, 12}, kGrid), 500);
}

TEST(Pose, PlacedInTheCameraByHand) {
  const std::vector<Vec3> cells = {{16, 8, 8}, {26, 16, 12}};
  Pose pose = PoseInPicture(cells, kGrid, kBox);
  EXPECT_EQ(pose.image_px[1], (Vec2{250, 180}));
  EXPECT_EQ(pose.relative_depth_mm[1], 500);
  const Camera camera = {.focal_px = {1000, 1000}, .center_px = {50, 80}};
  PlaceInCamera(camera, 4000, 0, pose);
  EXPECT_EQ(pose.camera_mm[0], (Vec3{400, 80, 4000}));
  EXPECT_EQ(pose.camera_mm[1], (Vec3{900, 450, 4500}));
  EXPECT_EQ(pose.root_relative_mm[0], (Vec3{0, 0, 0}));
  EXPECT_EQ(pose.root_relative_mm[1], (Vec3{500, 370, 500}));
  EXPECT_THROW(PlaceInCamera(camera, 4000, 2, pose), CheckFailure);
}

TEST(Pose, ProjectsBackToItsCells) {
  const std::vector<Vec3> cells = {{15.5, 8.25, 7.75}, {26, 16, 12}, {3, 60, 2}};
  Pose pose = PoseInPicture(cells, kGrid, kBox);
  const Camera camera = DefaultCamera(640, 480);
  PlaceInCamera(camera, 3456, 2, pose);
  for (std::size_t j = 0; j < cells.size(); ++j) {
    const Vec2 px = Project(camera, pose.camera_mm[j]);
    EXPECT_NEAR((px[0] - kBox.x) / kBox.w * kGrid.width, cells[j][0], 1e-9);
    EXPECT_NEAR((px[1] - kBox.y) / kBox.h * kGrid.height, cells[j][1], 1e-9);
  }
}

TEST(FlipMerge, OfAMirroredAnswerIsTheAnswer) {
  const JointSet& set = Human36m();
  std::vector<Vec3> direct(set.joints.size());
  for (int j = 0; j < set.size(); ++j) direct[j] = {1.0 + j, 2.0 * j, 0.5 * j};
  // What the network would say to the mirrored crop if it were perfect.
  std::vector<Vec3> mirrored(direct.size());
  const std::vector<int> mirror = MirrorMap(set);
  for (int j = 0; j < set.size(); ++j) {
    mirrored[mirror[j]] = {31 - direct[j][0], direct[j][1], direct[j][2]};
  }
  EXPECT_EQ(FlipMerge(direct, mirrored, set, kGrid), direct);
}

TEST(FlipMerge, AveragesByHand) {
  const JointSet& set = Human36m();
  std::vector<Vec3> direct(18, Vec3{10, 10, 10});
  std::vector<Vec3> mirrored(18, Vec3{10, 10, 10});
  direct[1] = {4, 8, 6};       // right hip
  mirrored[4] = {25, 12, 10};  // it is the left one in the mirror: 31 - 25 = 6
  const std::vector<Vec3> merged = FlipMerge(direct, mirrored, set, kGrid);
  EXPECT_EQ(merged[1], (Vec3{5, 10, 8}));
  EXPECT_EQ(merged[0], (Vec3{15.5, 10, 10}));
  mirrored.pop_back();
  EXPECT_THROW(FlipMerge(direct, mirrored, set, kGrid), CheckFailure);
}

TEST(SigmaMm, ByHand) {
  const Camera camera = {.focal_px = {1000, 500}, .center_px = {0, 0}};
  // One cell is 10 px in x and y, and 125 mm in z.
  const Vec3 sigma = SigmaMm({1, 2, 0.5}, kGrid, kBox, camera, 3000);
  EXPECT_DOUBLE_EQ(sigma[0], 30);
  EXPECT_DOUBLE_EQ(sigma[1], 120);
  EXPECT_DOUBLE_EQ(sigma[2], 62.5);
}

TEST(Pose, UnknownJointsStayUnknownAlone) {
  const std::vector<Vec3> cells = {{16, 8, 8}, {std::nan(""), 16, 12}};
  Pose pose = PoseInPicture(cells, kGrid, kBox);
  PlaceInCamera(DefaultCamera(640, 480), 4000, 0, pose);
  EXPECT_TRUE(IsFinite(pose.camera_mm[0]));
  EXPECT_FALSE(IsFinite(pose.camera_mm[1]));
}

}  // namespace
}  // namespace cnp::pose
