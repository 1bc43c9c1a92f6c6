#include "convnextpose/synth/skeleton.h"

#include <cmath>

#include "convnextpose/base/check.h"

namespace cnp::synth {
namespace {

Eigen::Vector3f BindOrigin(const Bone& bone) {
  const Eigen::Isometry3f& inverse = bone.inverse_bind;
  return -(inverse.linear().transpose() * inverse.translation());
}

// The child that a bone points to: its only one; of several, the one nearest to the body's middle
// plane. -1: none.
int MainChild(const Body& body, const std::vector<PosedBone>& bones, int parent) {
  int best = -1;
  for (int i = parent + 1; i < static_cast<int>(body.bones.size()); ++i) {
    if (body.bones[i].parent != parent) continue;
    if (best < 0 || std::abs(bones[i].bind.x()) < std::abs(bones[best].bind.x())) best = i;
  }
  return best;
}

Eigen::Vector3f Direction(const Body& body, const std::vector<PosedBone>& bones, int bone) {
  const int child = MainChild(body, bones, bone);
  if (child < 0) return Eigen::Vector3f::UnitY();
  const Eigen::Vector3f along = bones[child].bind - bones[bone].bind;
  const float length = along.norm();
  return length > 1e-6F ? Eigen::Vector3f(along / length) : Eigen::Vector3f::UnitY();
}

// Length along the bone, girth across it.
Eigen::Matrix3f Scale(const Eigen::Vector3f& direction, float length, float girth) {
  return girth * Eigen::Matrix3f::Identity() + (length - girth) * direction * direction.transpose();
}

float Distance(const std::vector<PosedBone>& bones, int a, int b) {
  return (bones[a].origin - bones[b].origin).norm();
}

}  // namespace

int FindBone(const Body& body, std::string_view name) {
  for (std::size_t i = 0; i < body.bones.size(); ++i) {
    if (body.bones[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Proportions NoChange(const Body& body) {
  const std::vector<float> ones(body.bones.size(), 1);
  return {ones, ones, 1};
}

BodyPose RestPose(const Body& body) {
  BodyPose pose;
  if (!body.bones.empty()) pose.root_m = BindOrigin(body.bones[0]);
  pose.rotations.assign(body.bones.size(), Eigen::Quaternionf::Identity());
  return pose;
}

void PoseBones(const Body& body, const Proportions& proportions, const BodyPose& pose,
               std::vector<PosedBone>& out) {
  const std::size_t count = body.bones.size();
  CNP_CHECK(proportions.length.size() == count && proportions.girth.size() == count,
            "proportions of another body");
  CNP_CHECK(pose.rotations.size() == count, "a pose of another body");
  out.resize(count);
  for (std::size_t i = 0; i < count; ++i) out[i].bind = BindOrigin(body.bones[i]);
  for (std::size_t i = 0; i < count; ++i) {
    const int parent = body.bones[i].parent;
    CNP_CHECK(parent < static_cast<int>(i), "a parent after its child");
    out[i].scale = proportions.size * Scale(Direction(body, out, static_cast<int>(i)),
                                            proportions.length[i], proportions.girth[i]);
    const Eigen::Matrix3f turn = pose.rotations[i].toRotationMatrix();
    out[i].rotation = parent < 0 ? turn : Eigen::Matrix3f(out[parent].rotation * turn);
    out[i].origin = parent < 0 ? pose.root_m : out[parent].ToWorld(out[i].bind);
  }
}

float LegLength(const Body& body, const Proportions& proportions) {
  std::vector<PosedBone> bones;
  PoseBones(body, proportions, RestPose(body), bones);
  float sum = 0;
  for (const std::string side : {"Left", "Right"}) {
    const int hip = FindBone(body, side + "UpLeg");
    const int knee = FindBone(body, side + "Leg");
    const int ankle = FindBone(body, side + "Foot");
    if (hip < 0 || knee < 0 || ankle < 0) return 0;
    sum += Distance(bones, hip, knee) + Distance(bones, knee, ankle);
  }
  return sum / 2;
}

}  // namespace cnp::synth
