// People who do not exist, for `dataset sample`: skeletons that move as people do, and the cameras
// that look at them. Seeded: the same on every machine up to the last bits of sines.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "apps/cli/human36m_files.h"
#include "convnextpose/pose/vec.h"

namespace cnp::cli {

/// Human3.6M's 17 joints in world space: mm, z up, the floor at 0.
using SamplePose = std::array<pose::Vec3, 17>;

/// What someone does in a frame of an action. `subject` decides size and habits.
/// Of the actions of Human3.6M, 9 sits, 14 walks, all others stand and move their arms.
SamplePose PoseOf(int subject, int action, int frame, std::uint64_t seed);

inline constexpr int kSampleWidth = 1000;
inline constexpr int kSampleHeight = 1002;

/// Four in the corners of the room, tilted as real ones are.
std::vector<Human36mCamera> SampleCameras(int subject, std::uint64_t seed);

pose::Vec3 ToCamera(const Human36mCamera& camera, const pose::Vec3& world_mm);

}  // namespace cnp::cli
