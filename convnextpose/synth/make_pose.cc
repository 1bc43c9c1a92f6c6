#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/skeleton.h"
#include "convnextpose/synth/stance.h"

namespace cnp::synth {
namespace {

using Eigen::Quaternionf;
using Eigen::Vector3f;

float Radians(double degrees) { return static_cast<float>(degrees * std::numbers::pi / 180); }

Quaternionf Turn(double degrees, const Vector3f& axis) {
  return Quaternionf(Eigen::AngleAxisf(Radians(degrees), axis));
}

Quaternionf TurnX(double degrees) { return Turn(degrees, Vector3f::UnitX()); }
Quaternionf TurnY(double degrees) { return Turn(degrees, Vector3f::UnitY()); }
Quaternionf TurnZ(double degrees) { return Turn(degrees, Vector3f::UnitZ()); }

/// Sets rotations by bone name; bones that the body does not have are left out.
class Poser {
 public:
  explicit Poser(const Body& body) : body_(body), pose_(RestPose(body)) {}

  void Set(const std::string& bone, const Quaternionf& rotation) {
    const int number = FindBone(body_, bone);
    if (number >= 0) pose_.rotations[number] = rotation.normalized();
  }

  /// Given for the left; on the right, its mirror image.
  void SetSide(bool right, const std::string& bone, const Quaternionf& q) {
    if (!right) return Set("Left" + bone, q);
    Set("Right" + bone, Quaternionf(q.w(), q.x(), -q.y(), -q.z()));
  }

  [[nodiscard]] const BodyPose& pose() const { return pose_; }

 private:
  const Body& body_;
  BodyPose pose_;
};

// Shared by several bones; positive as in Stance.
Quaternionf Part(double share, double forward, double side, double turn) {
  return TurnY(share * turn) * TurnZ(-share * side) * TurnX(share * forward);
}

void SetLeg(const Leg& leg, bool right, Poser& poser) {
  const double flex = Radians(leg.flex);
  const double spread = Radians(leg.spread);
  const Vector3f down(static_cast<float>(std::sin(spread)),
                      static_cast<float>(-std::cos(spread) * std::cos(flex)),
                      static_cast<float>(std::cos(spread) * std::sin(flex)));
  const Quaternionf swing = TurnX(-leg.flex) * TurnZ(leg.spread);
  // Swing leaves the knee in the plane of flexion; beyond that lies the twist about the thigh.
  poser.SetSide(right, "UpLeg", Turn(leg.twist, -down) * swing);
  poser.SetSide(right, "Leg", TurnX(leg.knee));
  poser.SetSide(right, "Foot", TurnX(leg.ankle));
}

// Collar bones follow the arm.
double CollarRaise(double arm_raise) { return arm_raise < 0 ? 0.13 * arm_raise : 0.22 * arm_raise; }

void SetArm(const Arm& arm, bool right, Poser& poser) {
  const double raise = Radians(arm.raise);
  const double ahead = Radians(arm.ahead);
  const Vector3f out(static_cast<float>(std::cos(raise) * std::cos(ahead)),
                     static_cast<float>(std::sin(raise)),
                     static_cast<float>(std::cos(raise) * std::sin(ahead)));
  const Quaternionf collar = TurnZ(CollarRaise(arm.raise));
  const Quaternionf swing = Quaternionf::FromTwoVectors(Vector3f::UnitX(), out);
  poser.SetSide(right, "Shoulder", collar);
  poser.SetSide(right, "Arm", collar.conjugate() * swing * TurnX(arm.twist));
  poser.SetSide(right, "ForeArm", TurnY(-arm.elbow));
  poser.SetSide(right, "Hand", TurnZ(-arm.wrist));
}

float LowestPoint(const Body& body, const Proportions& proportions, const BodyPose& pose) {
  PosedBody posed;
  Skin(body, proportions, pose, posed);
  float lowest = std::numeric_limits<float>::max();
  for (const Vector3f& p : posed.positions) lowest = std::min(lowest, p.y());
  return posed.positions.empty() ? 0 : lowest;
}

}  // namespace

BodyPose ToPose(const Stance& stance, const Body& body) {
  Poser poser(body);
  poser.Set("Hips", Part(1, stance.pitch, stance.roll, stance.yaw));
  for (const char* bone : {"Spine", "Spine1", "Spine2"}) {
    poser.Set(bone, Part(1.0 / 3, stance.bend, stance.side, stance.turn));
  }
  poser.Set("Neck", Part(0.5, stance.nod, stance.tilt, stance.look));
  poser.Set("Head", Part(0.5, stance.nod, stance.tilt, stance.look));
  SetLeg(stance.left_leg, /*right=*/false, poser);
  SetLeg(stance.right_leg, /*right=*/true, poser);
  SetArm(stance.left_arm, /*right=*/false, poser);
  SetArm(stance.right_arm, /*right=*/true, poser);
  return poser.pose();
}

BodyPose MakePose(const Body& body, const Proportions& proportions, std::uint64_t seed) {
  BodyPose pose = ToPose(MakeStance(seed), body);
  pose.root_m.setZero();
  pose.root_m.y() = -LowestPoint(body, proportions, pose);
  return pose;
}

}  // namespace cnp::synth
