// What poses do to bones: scales, positions, rotations. Frame and units as in body.h.
#pragma once

#include <Eigen/Geometry>
#include <string_view>
#include <vector>

#include "convnextpose/synth/body.h"

namespace cnp::synth {

/// The bone's number; -1 where there is none of that name.
int FindBone(const Body& body, std::string_view name);

/// As built: ones.
Proportions NoChange(const Body& body);

/// Upright, every bone as in the bind pose.
BodyPose RestPose(const Body& body);

/// Mesh -> world of a posed bone.
struct PosedBone {
  Eigen::Matrix3f scale;     ///< Of the mesh's axes; the proportions.
  Eigen::Matrix3f rotation;  ///< Of the scaled mesh's axes to the world's.
  Eigen::Vector3f bind;      ///< The bone's origin in the bind pose.
  Eigen::Vector3f origin;    ///< The same in the world.

  [[nodiscard]] Eigen::Vector3f ToWorld(const Eigen::Vector3f& mesh) const {
    return rotation * (scale * (mesh - bind)) + origin;
  }
};

/// Of every bone. Preconditions: sizes agree. `out` keeps its memory between calls.
void PoseBones(const Body& body, const Proportions& proportions, const BodyPose& pose,
               std::vector<PosedBone>& out);

/// Hip to ankle, the mean of both sides; 0 for a body without the avatars' leg bones.
float LegLength(const Body& body, const Proportions& proportions);

}  // namespace cnp::synth
