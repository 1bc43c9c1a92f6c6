// One scored person: what all tables of an evaluation are made of.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "convnextpose/eval/metrics.h"
#include "convnextpose/pose/box.h"

namespace cnp::eval {

/// A joint of a sketch (sketch.h): x and y in thousandths of the network's box from its left top, z
/// in mm from the root.
using SketchJoint = std::array<int, 3>;
inline constexpr int kFarthestSketch = 1'000'000;
inline constexpr SketchJoint kNoPlace = {kFarthestSketch, kFarthestSketch, kFarthestSketch};

struct Record {
  std::int64_t image_id = 0;
  std::int64_t annotation_id = 0;
  std::string file;
  int subject = -1;  ///< As datasets::Origin.
  int action = -1;
  int subaction = -1;
  int camera = -1;
  Errors3d errors;                  ///< Where the joints are known in space.
  std::vector<double> joint_share;  ///< Distance in the picture by joint of the set, as a share of
                                    ///< the network box's width; NaN where it is not labelled.
  pose::Box network_box;
  pose::Vec3 root_mm{};             ///< The predicted root in camera space; 0 where none is known.
  std::vector<SketchJoint> sketch;  ///< The prediction in the dataset's joints; may be empty.
  std::vector<pose::Vec3> camera_mm;  ///< The same exactly, in the network's joints: what a
                                      ///< predictions file has of it. Not in results.
};

}  // namespace cnp::eval
