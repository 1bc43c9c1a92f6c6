// What a picture is asked for, and what is found in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/vec.h"

namespace cnp::pipeline {

/// Where a person is. With neither box the person is searched for in the whole picture.
struct Subject {
  std::optional<pose::Box> box;          ///< The person's, pixels.
  std::optional<pose::Box> network_box;  ///< Already squared and enlarged: used as it is.
};

/// A picture and the people wanted in it; none: one person is searched for. The picture must
/// outlive the call it is given to.
struct PictureRequest {
  image::ImageView picture;
  std::vector<Subject> subjects;
};

/// How depth was found.
enum class DepthSource { kGiven, kBoneLength };
const char* ToString(DepthSource source);

struct Joint {
  pose::Vec3 heatmap{};           ///< Cells.
  pose::Vec2 image_px{};          ///< Pixels of the picture.
  pose::Vec3 root_relative_mm{};  ///< camera_mm minus the root joint's.
  pose::Vec3 camera_mm{};         ///< x right, y down, z forward.
  double confidence = 0;          ///< 0..1, from the heatmap.
  pose::Vec3 sigma_mm{};          ///< Standard deviation of the heatmap, per axis.
};

struct Person {
  std::optional<pose::Box> box;  ///< Given, or around the joints found; none: network box given.
  pose::Box network_box;
  double root_depth_mm = 0;
  DepthSource root_depth_source = DepthSource::kBoneLength;
  std::vector<Joint> joints;
  /// Mean of the joints' confidence.
  [[nodiscard]] double confidence() const;
};

struct PictureResult {
  int width = 0;
  int height = 0;
  pose::Camera camera;
  std::vector<Person> people;
  std::string note;  ///< Why there is nobody, where nobody was found; else empty.
};

}  // namespace cnp::pipeline
