// The parts of a procedural person, in the frame of body.h and the measures of a build of 1.75 m
// that Place turns into this person's.
#pragma once

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "convnextpose/synth/body.h"
#include "convnextpose/synth/loft.h"
#include "convnextpose/synth/look.h"

namespace cnp::synth {

/// Bones in their order; the right ones lie as far behind the left ones as kRight says.
enum BoneNumber {
  kHips,
  kSpine,
  kSpine1,
  kSpine2,
  kNeck,
  kHead,
  kLeftShoulder,
  kLeftArm,
  kLeftForeArm,
  kLeftHand,
  kRightShoulder,
  kRightArm,
  kRightForeArm,
  kRightHand,
  kLeftUpLeg,
  kLeftLeg,
  kLeftFoot,
  kLeftToeBase,
  kRightUpLeg,
  kRightLeg,
  kRightFoot,
  kRightToeBase,
  kBones
};
inline constexpr int kRight = 4;

enum Material { kSkin, kFace, kUpper, kLower, kShoe, kSock, kHair };

/// Where in the texture a part is painted; parts of one region look alike.
enum Region {
  kTorsoRegion,
  kHeadRegion,
  kLegRegion,
  kArmRegion,
  kHairRegion,
  kSkirtRegion,
  kFootRegion,
  kSkinRegion,
  kRegions
};

/// Bones and how strongly they pull; any number, any sum above 0.
using Pulls = std::vector<std::pair<int, float>>;

struct Part {
  Region region = kSkinRegion;
  Loft loft;
  std::function<Pulls(const Eigen::Vector3f&)> pulls;
  bool both_sides = false;  ///< The loft is the left one.
};

/// Skeleton of a build; T-pose.
std::vector<Bone> MakeBones(const Build& build);
std::vector<Part> MakeParts(const Look& look);
/// From the measures of the parts to those of the build.
Eigen::Vector3f Place(const Build& build, const Eigen::Vector3f& point);
/// Where a bone begins, in the measures of the parts.
Eigen::Vector3f BoneOrigin(int bone);

}  // namespace cnp::synth
