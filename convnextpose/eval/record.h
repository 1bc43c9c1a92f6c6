// One scored person: what all tables of an evaluation are made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "convnextpose/eval/metrics.h"
#include "convnextpose/pose/box.h"

namespace cnp::eval {

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
  /// The prediction: what a predictions file has of it.
  std::vector<pose::Vec3> camera_mm;
  pose::Box network_box;
  pose::Vec3 root_mm{};
};

}  // namespace cnp::eval
