// One prediction against one sample of a dataset.
#pragma once

#include <span>
#include <vector>

#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::eval {

/// What was predicted for a sample, in the joints of the dataset's set.
struct Predicted {
  std::vector<pose::Vec3> camera_mm;
  std::vector<pose::Vec2> image_px;  ///< Empty: where the sample's camera sees camera_mm.
  pose::Box network_box;             ///< Of positive width.
};

/// Joints that the sample does not label count nowhere. Space is scored where sample.camera_mm is
/// known. The record keeps the prediction; its root_mm is the predicted root.
/// Precondition: camera_mm (and image_px, if any) has set.size() joints.
Record ScoreSample(const datasets::Sample& sample, const pose::JointSet& set, Predicted predicted);

}  // namespace cnp::eval
