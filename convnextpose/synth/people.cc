#include "convnextpose/synth/people.h"

#include <algorithm>
#include <limits>
#include <numbers>
#include <string_view>
#include <utility>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/skeleton.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr double kDegree = std::numbers::pi / 180;

Eigen::Quaternionf RandomTurn(double deviation_degrees, Random& random) {
  const Vector3f axis(static_cast<float>(random.Normal()), static_cast<float>(random.Normal()),
                      static_cast<float>(random.Normal()));
  const float length = axis.norm();
  if (!(length > 1e-6F)) return Eigen::Quaternionf::Identity();
  // Of three normal components, the length is the angle.
  const auto angle = static_cast<float>(deviation_degrees * kDegree / std::numbers::sqrt3) * length;
  return Eigen::Quaternionf(Eigen::AngleAxisf(angle, axis / length));
}

// Bones that bend both ways may be turned more than knees, elbows and fingers.
double LooseDegrees(std::string_view bone) {
  if (bone.find("Arm") != bone.npos && bone.find("ForeArm") == bone.npos) return 9;
  if (bone.find("UpLeg") != bone.npos) return 6;
  if (bone == "Head" || bone == "Neck" || bone.ends_with("Hand")) return 8;
  if (bone.starts_with("Spine")) return 3;
  return 2;
}

void Loosen(const Body& body, Random& random, BodyPose& pose) {
  const double much = random.Uniform(0, 1.5);
  for (std::size_t i = 1; i < body.bones.size(); ++i) {
    pose.rotations[i] =
        pose.rotations[i] * RandomTurn(much * LooseDegrees(body.bones[i].name), random);
  }
}

BodyPose SomePose(const Stock& stock, const Body& body, const Proportions& proportions,
                  Random& random) {
  if (stock.motions.empty()) return MakePose(body, proportions, random.Next());
  const Motion& motion =
      *stock.motions[static_cast<std::size_t>(random.Pick(static_cast<int>(stock.motions.size())))];
  BodyPose pose = PoseAt(motion, random.Pick(motion.frames), body, proportions);
  Loosen(body, random, pose);
  return pose;
}

// Some made bodies are children's; the proportions of a child would make them dolls.
Proportions SomeProportions(const Body& body, Random& random) {
  constexpr float kShortestLeg = 0.38F;
  Proportions proportions = MakeProportions(body, random.Next());
  const float leg_m = LegLength(body, proportions);
  return leg_m > 0 && leg_m < kShortestLeg ? NoChange(body) : proportions;
}

// Turned about the vertical and moved, so that the pelvis is above the place.
void Place(const Eigen::Vector2f& place, Random& random, PosedBody& posed) {
  const Eigen::Matrix3f turn =
      Eigen::AngleAxisf(static_cast<float>(random.Uniform(0, 2 * std::numbers::pi)),
                        Vector3f::UnitY())
          .toRotationMatrix();
  const Vector3f pelvis = posed.joints[0];
  float lowest = std::numeric_limits<float>::max();
  for (const Vector3f& p : posed.positions) lowest = std::min(lowest, p.y());
  // Noise and proportions lift feet from the floor or push them into it; jumps stay jumps.
  const float lift = lowest < 0.15F ? -lowest : 0.15F - lowest + std::min(lowest - 0.15F, 0.6F);
  const Vector3f target(place.x(), pelvis.y() + lift, place.y());
  for (Vector3f& p : posed.positions) p = turn * (p - pelvis) + target;
  for (Vector3f& p : posed.joints) p = turn * (p - pelvis) + target;
  for (Vector3f& n : posed.normals) n = turn * n;
}

Mesh Wear(const DressedBody& dressed, PosedBody posed, Random& random) {
  const Body& body = *dressed.body;
  Mesh mesh;
  mesh.positions = std::move(posed.positions);
  mesh.normals = std::move(posed.normals);
  mesh.texture_coordinates = body.texture_coordinates;
  const ByGarment<Dye> outfit = MakeOutfit(dressed, random);
  const auto tan = static_cast<float>(random.LogUniform(0.75, 1.25));
  for (const DressedPart& from : dressed.parts) {
    mesh.parts.push_back({.indices = from.indices,
                          .texture = from.texture.get(),
                          .color = tan * from.color,
                          .dye = outfit[from.garment],
                          .texels_a_metre = from.texels_a_metre});
  }
  mesh.owner = dressed.body;
  return mesh;
}

}  // namespace

Actor MakeActor(const Stock& stock, const Eigen::Vector2f& place, Random random) {
  const int number = random.Pick(static_cast<int>(stock.bodies.size()));
  const DressedBody& dressed = stock.bodies[static_cast<std::size_t>(number)]->Get();
  const Body& body = *dressed.body;
  const Proportions proportions = SomeProportions(body, random);
  PosedBody posed;
  Skin(body, proportions, SomePose(stock, body, proportions, random), posed);
  Place(place, random, posed);
  Actor actor;
  actor.joints = posed.joints;
  actor.mesh = Wear(dressed, std::move(posed), random);
  return actor;
}

}  // namespace cnp::synth
