#include "convnextpose/synth/camera.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr int kShots = 400;

// Someone who stands at the origin, as eight corners.
std::vector<Vector3f> Standing() {
  std::vector<Vector3f> corners;
  for (int i = 0; i < 8; ++i) {
    corners.emplace_back((i & 1) != 0 ? 0.3F : -0.3F, (i & 2) != 0 ? 1.8F : 0,
                         (i & 4) != 0 ? 0.2F : -0.2F);
  }
  return corners;
}
const Vector3f kMiddle(0, 0.9F, 0);

// How far the cameras look down at the person's middle, degrees, sorted.
std::vector<double> LooksDown(const SceneOptions& options) {
  std::vector<double> angles;
  for (std::uint64_t seed = 0; seed < kShots; ++seed) {
    const Shot shot = MakeShot(options, Standing(), Random(seed));
    const Vector3f eye = shot.camera_from_world.inverse().translation();
    EXPECT_GT(eye.y(), 0) << seed;
    const Vector3f away = (eye - kMiddle).normalized();
    angles.push_back(std::asin(away.y()) * 180 / std::numbers::pi);
  }
  std::sort(angles.begin(), angles.end());
  return angles;
}

SceneOptions Telephoto(double pitched) {
  return {.min_fov_degrees = 25, .max_fov_degrees = 30, .pitched = pitched, .cut = 0};
}

TEST(CameraTest, FarCamerasAreLevelUnlessPitched) {
  const std::vector<double> level = LooksDown(Telephoto(0));
  EXPECT_GT(level.front(), -20);
  EXPECT_LT(level[kShots * 9 / 10], 20);
  EXPECT_LT(level.back(), 40);
  const std::vector<double> pitched = LooksDown(Telephoto(1));
  EXPECT_GT(pitched[kShots / 2], 8);
  EXPECT_GT(pitched[kShots * 9 / 10], 35);
  EXPECT_LT(pitched.back(), 51);
  EXPECT_LT(pitched.front(), -3);  // From the floor.
}

TEST(CameraTest, KeepsThePersonInsideUnlessCut) {
  const SceneOptions options = {.cut = 0};
  int whole = 0;
  for (std::uint64_t seed = 0; seed < kShots; ++seed) {
    const Shot shot = MakeShot(options, Standing(), Random(seed));
    bool inside = true;
    for (const Vector3f& corner : Standing()) {
      const Vector3f at = shot.camera_from_world * corner;
      ASSERT_GT(at.z(), 0) << seed;
      const double x = shot.camera.focal_px[0] * at.x() / at.z() + shot.camera.center_px[0];
      const double y = shot.camera.focal_px[1] * at.y() / at.z() + shot.camera.center_px[1];
      inside = inside && x > 0 && y > 0 && x < options.width && y < options.height;
    }
    whole += inside ? 1 : 0;
  }
  EXPECT_GT(whole, kShots * 7 / 10);  // Wide lenses stretch those who are near their edge.
}

TEST(CameraTest, RollsUpToTheMost) {
  const SceneOptions options = {.max_roll_degrees = 45, .upside_down = 0};
  double most = 0;
  for (std::uint64_t seed = 0; seed < kShots; ++seed) {
    most = std::max(most, std::abs(MakeShot(options, Standing(), Random(seed)).roll));
  }
  EXPECT_LE(most, std::numbers::pi / 4);
  EXPECT_GT(most, std::numbers::pi / 4 * 0.9);
}

}  // namespace
}  // namespace cnp::synth
