// People who do not exist, for `dataset sample`: skeletons that move as people do, and the cameras
// that look at them. Seeded: the same on every machine up to the last bits of sines.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/vec.h"

namespace cnp::cli {

/// Human3.6M's 17 joints in world space: mm, z up, the floor at 0.
using SamplePose = std::array<pose::Vec3, 17>;

/// What someone does in a frame of an action. `subject` decides size and habits.
/// Of the actions of Human3.6M, 9 sits, 14 walks, all others stand and move their arms.
SamplePose PoseOf(int subject, int action, int frame, std::uint64_t seed);

/// camera = R * world + t.
struct SampleCamera {
  std::array<pose::Vec3, 3> rotation{};  // Rows.
  pose::Vec3 translation_mm{};
  pose::Camera lens;
};

inline constexpr int kSampleWidth = 1000;
inline constexpr int kSampleHeight = 1002;

/// Four in the corners of the room, tilted as real ones are.
std::vector<SampleCamera> SampleCameras(int subject, std::uint64_t seed);

pose::Vec3 ToCamera(const SampleCamera& camera, const pose::Vec3& world_mm);

}  // namespace cnp::cli
