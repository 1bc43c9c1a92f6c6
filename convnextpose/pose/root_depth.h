// The root's absolute depth without any weights: the depth at which the back-projected bones have
// the length of a person's (spec 3-pose, "Z_root").
#pragma once

#include <span>

#include "convnextpose/base/result.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::pose {

/// Height of the adult that is assumed where none is given. The world's mean man is 1.71 m tall,
/// its mean woman 1.59 m (NCD-RisC, eLife 2016), Northern Europeans are taller. The depth found is
/// nearly proportional to it: someone 10 % taller is found 10 % too near.
inline constexpr double kAverageAdultMm = 1700;

struct BoneLengthOptions {
  double height_mm = kAverageAdultMm;
  double min_confidence = 0.2;  // Bones with an end below it do not count.
};

/// Z_root in mm such that the legs and the trunk have together the length that they have in a
/// person of `height_mm` (JointSet's segments). Networks draw arms too short where they are unsure,
/// so arms and widths count only where fewer than two bones of legs and trunk are usable: with them
/// always in, depths on calibrated photographs came out 3 % too far and scattered half as much
/// again. `confidence` may be empty: all joints count. Errors: no usable bone (joints not finite or
/// not confident, a set without known bones), all joints on nearly one point, a height that is not
/// positive, or no depth at which the lengths agree (the depths alone make the bones too long).
/// Precondition: the spans have set.size() entries.
Result<double> RootDepthFromBones(const JointSet& set, std::span<const Vec2> image_px,
                                  std::span<const double> relative_depth_mm,
                                  std::span<const double> confidence, const Camera& camera,
                                  const BoneLengthOptions& options = {});

}  // namespace cnp::pose
