// Human3.6M's annotation files, for the commands that write its layout (spec 4-datasets).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/vec.h"

namespace cnp::cli {

/// camera = R * world + t.
struct Human36mCamera {
  std::array<pose::Vec3, 3> rotation = {pose::Vec3{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};  ///< Rows.
  pose::Vec3 translation_mm{};
  pose::Camera lens;
};

/// One picture of one person.
struct Human36mPicture {
  std::int64_t id = 0;
  int subject = 0;
  int action = 0;
  int subaction = 1;
  int camera = 0;
  int frame = 0;
  std::string file;  ///< Below images/.
  int width = 0;
  int height = 0;
  pose::Box box;
};

/// What the three files of one subject hold; pictures stay in the order in which they came.
class Human36mFiles {
 public:
  using Pose = std::array<pose::Vec3, 17>;  ///< World space, mm.

  void AddCamera(int index, const Human36mCamera& camera);
  void AddPose(int action, int subaction, int frame, const Pose& world_mm);
  void AddPicture(const Human36mPicture& picture);

  /// folder/annotations/Human36M_subjectN_{camera,joint_3d,data}.json; the folder must be there.
  [[nodiscard]] Status Write(const std::filesystem::path& root, int subject) const;

 private:
  using Json = nlohmann::ordered_json;
  [[nodiscard]] Json Cameras() const;
  [[nodiscard]] Json Poses() const;
  [[nodiscard]] Json Pictures() const;

  std::map<int, Human36mCamera> cameras_;
  std::map<int, std::map<int, std::map<int, Pose>>> poses_;  // Action, subaction, frame.
  std::vector<Human36mPicture> pictures_;
};

}  // namespace cnp::cli
