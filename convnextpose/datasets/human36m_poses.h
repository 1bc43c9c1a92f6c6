// Human3.6M's joints in space and cameras: the two files beside the list of pictures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"

namespace cnp::datasets {

/// Without Thorax, in the order of pose::Human36m().
inline constexpr std::size_t kHuman36mFileJoints = 17;
using WorldPose = std::array<pose::Vec3, kHuman36mFileJoints>;  // mm

/// joint_3d.json: {action: {subaction: {frame: 17 x 3}}}.
class WorldPoses {
 public:
  /// Null where the file has none, or none that can be used; WhyNot says which.
  [[nodiscard]] const WorldPose* Find(const Origin& origin) const;
  [[nodiscard]] std::string WhyNot(const Origin& origin) const;
  [[nodiscard]] std::size_t size() const { return poses_.size(); }

  void Add(std::uint64_t key, const WorldPose& pose);
  void AddBroken(std::uint64_t key) { broken_.push_back(key); }
  /// To be called once, after the last Add.
  void Sort();

 private:
  std::vector<WorldPose> poses_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys_;  // Where in poses_.
  std::vector<std::uint64_t> broken_;
};

/// Only frames with frame % subsample == 0 are kept. Errors: not JSON (with the offset), another
/// structure. A frame that is not 17 x 3 finite numbers is broken, not an error.
/// Precondition: subsample > 0.
Result<WorldPoses> ParseHuman36mPoses(std::span<const std::byte> bytes, const std::string& name,
                                      int subsample);

/// camera = rotation * world + translation_mm.
struct WorldCamera {
  std::array<pose::Vec3, 3> rotation{};  // Rows.
  pose::Vec3 translation_mm{};
  pose::Camera lens;
  const char* wrong = nullptr;  ///< Why it cannot be used; lives for ever.
};
using WorldCameras = std::map<int, WorldCamera>;  // By cam_idx.

pose::Vec3 ToCamera(const WorldCamera& camera, const pose::Vec3& world_mm);

/// Errors: not JSON, not an object.
Result<WorldCameras> ParseHuman36mCameras(std::span<const std::byte> bytes,
                                          const std::string& name);

}  // namespace cnp::datasets
