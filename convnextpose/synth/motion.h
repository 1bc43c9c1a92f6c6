// Motions as recorded: rotations of named bones over time, applied to any body by name.
#pragma once

#include <Eigen/Geometry>
#include <filesystem>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/synth/body.h"

namespace cnp::synth {

/// A clip. Frame and units as in body.h.
struct Motion {
  std::string name;
  std::vector<std::string> bones;  ///< Root first.
  float leg_length_m = 0;          ///< Of the recorded skeleton, hip to ankle; 0: unknown.
  float frame_s = 1.0F / 30;       ///< Seconds a frame.
  int frames = 0;
  std::vector<Eigen::Vector3f> root_m;        ///< [frames]
  std::vector<Eigen::Quaternionf> rotations;  ///< [frames, bones]
};

/// A BVH file in metres, y up (data/synth/README). Any rotation order; other channels than the
/// root's position and rotations are an error. Errors name line and cure. Reads any bytes safely.
Result<Motion> ReadBvh(const std::filesystem::path& path);

/// The pose of `body` in a frame: bones matched by name, others at rest; the root's position scaled
/// by the ratio of leg lengths. Precondition: 0 <= frame < motion.frames.
BodyPose PoseAt(const Motion& motion, int frame, const Body& body, const Proportions& proportions);

}  // namespace cnp::synth
