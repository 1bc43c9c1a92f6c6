#include "convnextpose/synth/camera.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "convnextpose/synth/raster.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr double kDegree = std::numbers::pi / 180;
constexpr float kNearest = 0.25F;     // Metres: no part of the person is nearer.
constexpr double kMinDistance = 1.1;  // Metres: nobody takes pictures from closer.

float Float(double value) { return static_cast<float>(value); }

// A sphere about the middle of what is seen.
struct Extent {
  Vector3f middle;
  float size = 0;  // Metres, of its longest side.
};

Extent ExtentOf(std::span<const Vector3f> positions) {
  Vector3f low = positions[0];
  Vector3f high = positions[0];
  for (const Vector3f& p : positions) {
    low = low.cwiseMin(p);
    high = high.cwiseMax(p);
  }
  return {(low + high) / 2, (high - low).maxCoeff()};
}

double RollOf(const SceneOptions& options, Random& random) {
  if (random.Chance(options.upside_down)) return random.Uniform(-180, 180) * kDegree;
  const double most = options.max_roll_degrees;
  if (random.Chance(0.5)) return random.Uniform(-most, most) * kDegree;
  return std::clamp(random.Normal(0, 8), -most, most) * kDegree;
}

// Of the camera above the middle of what it looks at, metres. People hold cameras between knees and
// just above their heads, which are level with who is far away; others hang below a ceiling, stand
// on a balcony or lie on the floor.
double RiseOf(const SceneOptions& options, double middle, double distance, Random& random) {
  if (random.Chance(options.pitched)) {
    return distance * std::sin(random.Uniform(-25, 50) * kDegree);
  }
  const double most = 0.8 * distance;
  return std::clamp(random.Uniform(0.2, 3) - middle, -most, most);
}

// Of the camera, from where it looks at the middle.
Vector3f EyeOf(const SceneOptions& options, const Vector3f& middle, double distance,
               Random& random) {
  const double up = RiseOf(options, middle.y(), distance, random);
  const double away = std::sqrt(distance * distance - up * up);
  const double around = random.Uniform(0, 2 * std::numbers::pi);
  return {middle.x() + Float(away * std::cos(around)), std::max(middle.y() + Float(up), 0.1F),
          middle.z() + Float(away * std::sin(around))};
}

// Rows are the camera's axes.
Eigen::Matrix3f LookAt(const Vector3f& eye, const Vector3f& target) {
  const Vector3f forward = (target - eye).normalized();
  const Vector3f right = forward.cross(Vector3f::UnitY()).normalized();
  Eigen::Matrix3f rotation;
  rotation.row(0) = right;
  rotation.row(1) = forward.cross(right);
  rotation.row(2) = forward;
  return rotation;
}

// How much of the picture's height the person is to fill, and where the middle is to be seen.
struct Framing {
  double fill = 0.5;
  pose::Vec2 middle_px{};
};

Framing MakeFraming(const SceneOptions& options, Random& random) {
  const bool cut = random.Chance(options.cut);
  Framing framing;
  framing.fill = cut ? random.LogUniform(0.5, 1.6) : random.LogUniform(0.25, 0.9);
  // So far from the middle that the person stays inside, or that the edge runs through.
  const double room = cut ? random.Uniform(0.2, 0.55) : std::max(0.48 - framing.fill / 2, 0.02);
  framing.middle_px = {options.width * (0.5 + random.Uniform(-room, room)),
                       options.height * (0.5 + random.Uniform(-room, room))};
  return framing;
}

// Turns the camera so that what was seen in the middle is seen at a pixel.
Eigen::Matrix3f Aim(const pose::Camera& camera, const pose::Vec2& px) {
  const Vector3f ray(Float((px[0] - camera.center_px[0]) / camera.focal_px[0]),
                     Float((px[1] - camera.center_px[1]) / camera.focal_px[1]), 1);
  return Eigen::Quaternionf::FromTwoVectors(Vector3f::UnitZ(), ray).toRotationMatrix();
}

float NearestDepth(const Eigen::Isometry3f& camera_from_world,
                   std::span<const Vector3f> positions) {
  float nearest = std::numeric_limits<float>::max();
  for (const Vector3f& p : positions) nearest = std::min(nearest, (camera_from_world * p).z());
  return nearest;
}

bool Inside(const SceneOptions& options, const pose::Vec2& px) {
  return px[0] >= 0 && px[1] >= 0 && px[0] <= options.width - 1 && px[1] <= options.height - 1;
}

pose::Box BoxAround(const SceneOptions& options, const Shot& shot,
                    std::span<const Vector3f> positions) {
  const Eigen::Isometry3f& from_world = shot.camera_from_world;
  double left = options.width - 1;
  double top = options.height - 1;
  double right = 0;
  double bottom = 0;
  for (const Vector3f& p : positions) {
    const Vector3f at = from_world * p;
    if (at.z() < kNearPlane) continue;
    const double x = shot.camera.focal_px[0] * at.x() / at.z() + shot.camera.center_px[0];
    const double y = shot.camera.focal_px[1] * at.y() / at.z() + shot.camera.center_px[1];
    left = std::min(left, x);
    top = std::min(top, y);
    right = std::max(right, x);
    bottom = std::max(bottom, y);
  }
  left = std::max(left, 0.0);
  top = std::max(top, 0.0);
  right = std::min(right, options.width - 1.0);
  bottom = std::min(bottom, options.height - 1.0);
  return {left, top, right - left, bottom - top};
}

}  // namespace

Shot MakeShot(const SceneOptions& options, std::span<const Vector3f> positions, Random random) {
  const double fov = random.Uniform(options.min_fov_degrees, options.max_fov_degrees) * kDegree;
  const double focal = options.width / 2.0 / std::tan(fov / 2);
  Shot shot;
  shot.camera.focal_px = {focal, focal};
  shot.camera.center_px = {(options.width - 1) / 2.0, (options.height - 1) / 2.0};

  const Extent extent = ExtentOf(positions);
  const Framing framing = MakeFraming(options, random);
  const double distance =
      std::max(focal * extent.size / (framing.fill * options.height), kMinDistance);
  const Vector3f eye = EyeOf(options, extent.middle, distance, random);
  shot.roll = RollOf(options, random);
  const Eigen::Matrix3f roll =
      Eigen::AngleAxisf(Float(shot.roll), Vector3f::UnitZ()).toRotationMatrix();
  const Eigen::Matrix3f rotation =
      Aim(shot.camera, framing.middle_px) * roll * LookAt(eye, extent.middle);
  shot.camera_from_world.linear() = rotation;
  shot.camera_from_world.translation() = -rotation * eye;
  const float nearest = NearestDepth(shot.camera_from_world, positions);
  // Straight back.
  shot.camera_from_world.translation().z() += std::max(kNearest - nearest, 0.0F);
  return shot;
}

bool Observe(const SceneOptions& options, const Shot& shot, std::span<const Vector3f> positions,
             std::span<const Vector3f> joints, Subject& subject) {
  subject.camera = shot.camera;
  subject.camera_mm.clear();
  subject.image_px.clear();
  std::size_t inside = 0;
  for (const Vector3f& joint : joints) {
    const Vector3f at = 1000 * (shot.camera_from_world * joint);
    subject.camera_mm.push_back({at.x(), at.y(), at.z()});
    subject.image_px.push_back(pose::Project(shot.camera, subject.camera_mm.back()));
    if (!pose::IsFinite(subject.image_px.back())) return false;
    inside += Inside(options, subject.image_px.back()) ? 1 : 0;
  }
  subject.box = BoxAround(options, shot, positions);
  const double least = 0.04 * options.height;
  return 3 * inside >= joints.size() && subject.box.w >= least && subject.box.h >= least;
}

}  // namespace cnp::synth
