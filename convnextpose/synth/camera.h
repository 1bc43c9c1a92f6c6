// Where the camera of a scene stands and how it is turned.
#pragma once

#include <Eigen/Geometry>
#include <span>

#include "convnextpose/pose/camera.h"
#include "convnextpose/synth/generator.h"
#include "convnextpose/synth/random.h"

namespace cnp::synth {

struct Shot {
  pose::Camera camera;
  Eigen::Isometry3f camera_from_world;  ///< Metres; x right, y down, z forward.
  double roll = 0;                      ///< Radians.
};

/// Aims at a person; `positions`: the person's surface, not empty.
Shot MakeShot(const SceneOptions& options, std::span<const Eigen::Vector3f> positions,
              Random random);

/// Joints and box as this camera sees them. False where the picture holds too little of the person:
/// fewer than a third of the joints, or a box under 4 % of its height.
bool Observe(const SceneOptions& options, const Shot& shot,
             std::span<const Eigen::Vector3f> positions, std::span<const Eigen::Vector3f> joints,
             Subject& subject);

}  // namespace cnp::synth
