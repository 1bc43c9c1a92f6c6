// What an evaluation or a training takes from a dataset: people in pictures, with where their
// joints are known to be (spec 4-datasets). Readers decode no picture.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "convnextpose/pose/box.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::datasets {

/// How a picture was taken, where a dataset tells: indexes as the dataset counts them, -1 unknown.
struct Origin {
  int subject = -1;
  int action = -1;
  int subaction = -1;
  int camera = -1;
  int frame = -1;
};

/// One person in one picture. All vectors have one entry a joint of the dataset's set.
struct Sample {
  std::int64_t image_id = 0;
  std::int64_t annotation_id = 0;
  std::string file;  ///< Below Dataset::images.
  int width = 0;     ///< Of the picture, in pixels, as the annotations say.
  int height = 0;
  Origin origin;
  pose::Box box;                         ///< Of the person (see ReadOptions::needs_box).
  std::optional<pose::Box> network_box;  ///< Where a file gives it ready-made: see pose/box.h.
  pose::Camera camera;                   ///< `assumed` where the dataset has none.
  double root_depth_mm = std::numeric_limits<double>::quiet_NaN();  ///< NaN where nothing tells.
  std::vector<pose::Vec3> camera_mm;  ///< Empty where only the plane is known.
  std::vector<pose::Vec2> image_px;
  std::vector<std::uint8_t> visible;  ///< Is the joint labelled?
};

/// Something in a dataset's files that is not as it should be, and was left out or mended.
struct Problem {
  std::string where;  ///< File and id: "Human36M_subject9_data.json, annotation 17".
  std::string what;   ///< "its box has no area".
};

/// Problems of one kind are counted all and named some.
struct Problems {
  static constexpr std::size_t kNamed = 20;
  std::size_t count = 0;
  std::vector<Problem> named;

  void Add(Problem problem) {
    ++count;
    if (named.size() < kNamed) named.push_back(std::move(problem));
  }
  void Append(Problems more) {
    const std::size_t all = count + more.count;
    for (Problem& problem : more.named) Add(std::move(problem));
    count = all;
  }
};

struct Dataset {
  std::string name;  ///< "human36m".
  const pose::JointSet* joints = nullptr;
  std::filesystem::path images;      ///< Folder of the pictures.
  std::vector<Sample> samples;       ///< In the order of the files.
  std::vector<std::string> actions;  ///< Names by Origin::action; empty where there are none.
  Problems left_out;                 ///< Samples that are not in `samples`.
  /// People whom the dataset's own rule skips: crowds, nobody labelled, not valid, too near
  /// another.
  std::size_t by_rule = 0;
};

}  // namespace cnp::datasets
