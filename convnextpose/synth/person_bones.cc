#include <algorithm>
#include <cmath>

#include "convnextpose/synth/person.h"

namespace cnp::synth {
namespace {

struct Origin {
  const char* name;
  int parent;
  float x, y, z;
};

constexpr std::array<Origin, kBones> kOrigins = {
    {{"Hips", -1, 0, 0.950F, 0},
     {"Spine", kHips, 0, 0.995F, 0},
     {"Spine1", kSpine, 0, 1.085F, -0.005F},
     {"Spine2", kSpine1, 0, 1.185F, -0.012F},
     {"Neck", kSpine2, 0, 1.465F, -0.01F},
     {"Head", kNeck, 0, 1.555F, 0.01F},
     {"LeftShoulder", kSpine2, 0.03F, 1.425F, 0},
     {"LeftArm", kLeftShoulder, 0.175F, 1.405F, -0.005F},
     {"LeftForeArm", kLeftArm, 0.445F, 1.405F, -0.005F},
     {"LeftHand", kLeftForeArm, 0.690F, 1.405F, -0.005F},
     {"RightShoulder", kSpine2, -0.03F, 1.425F, 0},
     {"RightArm", kRightShoulder, -0.175F, 1.405F, -0.005F},
     {"RightForeArm", kRightArm, -0.445F, 1.405F, -0.005F},
     {"RightHand", kRightForeArm, -0.690F, 1.405F, -0.005F},
     {"LeftUpLeg", kHips, 0.087F, 0.925F, 0},
     {"LeftLeg", kLeftUpLeg, 0.087F, 0.505F, 0},
     {"LeftFoot", kLeftLeg, 0.087F, 0.085F, -0.01F},
     {"LeftToeBase", kLeftFoot, 0.087F, 0.03F, 0.13F},
     {"RightUpLeg", kHips, -0.087F, 0.925F, 0},
     {"RightLeg", kRightUpLeg, -0.087F, 0.505F, 0},
     {"RightFoot", kRightLeg, -0.087F, 0.085F, -0.01F},
     {"RightToeBase", kRightFoot, -0.087F, 0.03F, 0.13F}}};

constexpr float kHipHeight = 0.925F;
constexpr float kNeckHeight = 1.465F;
constexpr float kShoulderOut = 0.175F;

float PlaceHeight(const Build& build, float y) {
  const float trunk = kNeckHeight - kHipHeight;
  return build.legs * std::min(y, kHipHeight) +
         build.trunk * std::clamp(y - kHipHeight, 0.0F, trunk) +
         build.head * std::max(0.0F, y - kNeckHeight);
}

}  // namespace

Eigen::Vector3f BoneOrigin(int bone) {
  return {kOrigins[bone].x, kOrigins[bone].y, kOrigins[bone].z};
}

Eigen::Vector3f Place(const Build& build, const Eigen::Vector3f& point) {
  const float y = point.y();
  const float head = 1 + (build.head - 1) * Ramp(1.47F, 1.54F, y);
  const float hips = 1 + (build.hips - 1) * Ramp(0.45F, 0.85F, y) * (1 - Ramp(0.98F, 1.12F, y));
  const float chest =
      1 + (build.shoulders - 1) * Ramp(1.12F, 1.35F, y) * (1 - Ramp(1.47F, 1.5F, y));
  const float out = std::abs(point.x());
  const float x = chest * hips * head * std::min(out, kShoulderOut) +
                  build.arms * std::max(0.0F, out - kShoulderOut);
  return build.size *
         Eigen::Vector3f(std::copysign(x, point.x()), PlaceHeight(build, y), head * point.z());
}

std::vector<Bone> MakeBones(const Build& build) {
  std::vector<Bone> bones;
  for (int i = 0; i < kBones; ++i) {
    Bone bone;
    bone.name = kOrigins[i].name;
    bone.parent = kOrigins[i].parent;
    const Eigen::Vector3f origin = Place(build, BoneOrigin(i));
    bone.inverse_bind.translation() = -origin;
    bone.rest.translation() = origin;
    if (bone.parent >= 0) bone.rest.translation() += bones[bone.parent].inverse_bind.translation();
    bones.push_back(bone);
  }
  return bones;
}

}  // namespace cnp::synth
