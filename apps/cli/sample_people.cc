#include "apps/cli/sample_people.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <utility>

namespace cnp::cli {
namespace {

using pose::Vec3;

constexpr int kSitting = 9;
constexpr int kWalking = 14;
constexpr double kDegree = std::numbers::pi / 180;

Vec3 Sum(const Vec3& a, const Vec3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
Vec3 Times(const Vec3& a, double s) { return {a[0] * s, a[1] * s, a[2] * s}; }
Vec3 Cross(const Vec3& a, const Vec3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
double Dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
Vec3 Unit(const Vec3& a) { return Times(a, 1 / pose::Norm(a)); }

// Numbers in [-1, 1] that belong to a person and an action; std distributions differ by library.
class Habits {
 public:
  Habits(int subject, int action, std::uint64_t seed)
      : random_(seed * 1'000'003 + static_cast<std::uint64_t>(subject * 100 + action)) {}
  double Next() {
    return static_cast<double>(random_() >> 11) / static_cast<double>(std::uint64_t{1} << 52) - 1;
  }

 private:
  std::mt19937_64 random_;
};

// Angles in degrees: forward is positive; right and left.
struct Angles {
  double heading = 0;
  double lean = 0;
  std::array<double, 2> hip{}, knee{}, shoulder{}, abduction{}, elbow{};
};

Angles AnglesOf(int subject, int action, int frame, std::uint64_t seed) {
  Habits habits(subject, action, seed);
  const double phase = frame * 2 * std::numbers::pi / 50 + habits.Next();  // Once a second.
  Angles angles;
  angles.heading = 180 * habits.Next() + 20 * std::sin(phase / 7);
  angles.lean = 6 + 4 * habits.Next() + 3 * std::sin(phase / 3);
  for (const int side : {0, 1}) {
    const double swing = std::sin(phase + (side == 0 ? 0 : std::numbers::pi));
    const double lift = std::sin(phase / 2 + 2 * habits.Next());
    const bool sits = action == kSitting;
    const bool walks = action == kWalking;
    angles.hip[side] = sits ? 80 + 5 * lift : (walks ? 28 * swing : 4 * habits.Next());
    angles.knee[side] = sits ? 75 + 8 * lift : (walks ? 22 - 20 * swing : 4 + 3 * lift);
    angles.shoulder[side] = walks ? -24 * swing : 40 + 35 * lift;
    angles.abduction[side] = 14 + 9 * habits.Next();
    angles.elbow[side] = 35 + 30 * lift;
  }
  return angles;
}

// Directions of a body: where it looks, its left, up.
struct Body {
  Vec3 forward{};
  Vec3 left{};
  Vec3 up = {0, 0, 1};

  // Down, swung forward.
  [[nodiscard]] Vec3 Limb(double degrees) const {
    return Sum(Times(up, -std::cos(degrees * kDegree)),
               Times(forward, std::sin(degrees * kDegree)));
  }
};

// Leg or arm: three joints from `begin` on.
struct Limb {
  std::size_t first = 0;
  Vec3 begin{};
  double upper_mm = 0;
  double lower_mm = 0;
};

void PlaceLimb(const Limb& limb, const Vec3& upper, const Vec3& lower, SamplePose& pose) {
  pose[limb.first] = limb.begin;
  pose[limb.first + 1] = Sum(limb.begin, Times(upper, limb.upper_mm));
  pose[limb.first + 2] = Sum(pose[limb.first + 1], Times(lower, limb.lower_mm));
}

// Sideways by the abduction.
Vec3 Spread(const Body& body, const Vec3& direction, double degrees, double side) {
  return Sum(Times(direction, std::cos(degrees * kDegree)),
             Times(body.left, side * std::sin(degrees * kDegree)));
}

void PlaceTrunk(const Body& body, double lean, double height, SamplePose& pose) {
  const Vec3 up = Times(body.Limb(-lean), -1);
  pose[7] = Times(up, 0.144 * height);
  pose[8] = Times(up, 0.288 * height);
  pose[9] = Sum(pose[8], Sum(Times(up, 0.06 * height), Times(body.forward, 0.05 * height)));
  pose[10] = Sum(pose[8], Times(up, 0.13 * height));
}

// The lowest ankle stands on the floor, at its own height above it.
void PutOnFloor(double at_x, double at_y, double height, SamplePose& pose) {
  const double lowest = std::min(pose[3][2], pose[6][2]);
  for (Vec3& joint : pose) joint = Sum(joint, {at_x, at_y, 0.045 * height - lowest});
}

}  // namespace

SamplePose PoseOf(int subject, int action, int frame, std::uint64_t seed) {
  const Angles angles = AnglesOf(subject, action, frame, seed);
  Habits size(subject, 0, seed);
  const double height = 1700 + 120 * size.Next();
  Body body;
  body.forward = {std::cos(angles.heading * kDegree), std::sin(angles.heading * kDegree), 0};
  body.left = Cross(body.up, body.forward);
  SamplePose pose{};  // About the pelvis.
  PlaceTrunk(body, angles.lean, height, pose);
  for (const int side : {0, 1}) {
    const double left = side == 0 ? -1 : 1;
    const Limb leg = {.first = side == 0 ? std::size_t{1} : std::size_t{4},
                      .begin = Times(body.left, left * 0.07 * height),
                      .upper_mm = 0.245 * height,
                      .lower_mm = 0.246 * height};
    PlaceLimb(leg, body.Limb(angles.hip[side]), body.Limb(angles.hip[side] - angles.knee[side]),
              pose);
    const Limb arm = {.first = side == 0 ? std::size_t{14} : std::size_t{11},
                      .begin = Sum(pose[8], Times(body.left, left * 0.10 * height)),
                      .upper_mm = 0.161 * height,
                      .lower_mm = 0.146 * height};
    const double bend = angles.shoulder[side] + angles.elbow[side];
    PlaceLimb(arm, Spread(body, body.Limb(angles.shoulder[side]), angles.abduction[side], left),
              Spread(body, body.Limb(bend), angles.abduction[side] / 2, left), pose);
  }
  Habits place(subject, action, seed + 1);
  PutOnFloor(400 * place.Next() + 3 * frame, 400 * place.Next(), height, pose);
  return pose;
}

std::vector<Human36mCamera> SampleCameras(int subject, std::uint64_t seed) {
  std::vector<Human36mCamera> cameras;
  Habits habits(subject, 99, seed);
  for (const auto& [x, y] :
       {std::pair{2000., -4600.}, {1900., 4700.}, {-2100., -4500.}, {-1800., 4800.}}) {
    const Vec3 position = {x + 100 * habits.Next(), y + 100 * habits.Next(),
                           1550 + 100 * habits.Next()};
    const Vec3 target = {50 * habits.Next(), 50 * habits.Next(), 950};
    const double roll = 1.5 * kDegree * habits.Next();
    const Vec3 z = Unit(Sum(target, Times(position, -1)));
    const Vec3 level = Unit(Cross(z, {0, 0, 1}));  // x without roll; y is down.
    const Vec3 down = Cross(z, level);
    Human36mCamera camera;
    camera.rotation = {Sum(Times(level, std::cos(roll)), Times(down, std::sin(roll))),
                       Sum(Times(down, std::cos(roll)), Times(level, -std::sin(roll))), z};
    for (std::size_t i = 0; i < 3; ++i) {
      camera.translation_mm[i] = -Dot(camera.rotation[i], position);
    }
    camera.lens = {.focal_px = {1146 + 3 * habits.Next(), 1145 + 3 * habits.Next()},
                   .center_px = {512 + 5 * habits.Next(), 510 + 8 * habits.Next()}};
    cameras.push_back(camera);
  }
  return cameras;
}

Vec3 ToCamera(const Human36mCamera& camera, const Vec3& world_mm) {
  Vec3 out{};
  for (std::size_t i = 0; i < 3; ++i) {
    out[i] = Dot(camera.rotation[i], world_mm) + camera.translation_mm[i];
  }
  return out;
}

}  // namespace cnp::cli
