#include "convnextpose/datasets/coco_joints.h"

namespace cnp::datasets {
namespace {

constexpr std::size_t kLeftShoulder = 5;
constexpr std::size_t kRightShoulder = 6;
constexpr std::size_t kLeftHip = 11;
constexpr std::size_t kRightHip = 12;

template <typename Point>
void AddMiddle(std::size_t a, std::size_t b, std::vector<Point>& points) {
  Point middle{};
  for (std::size_t axis = 0; axis < middle.size(); ++axis) {
    middle[axis] = (points[a][axis] + points[b][axis]) / 2;
  }
  points.push_back(middle);
}

void AddJoint(std::size_t a, std::size_t b, Sample& sample) {
  AddMiddle(a, b, sample.image_px);
  if (!sample.camera_mm.empty()) AddMiddle(a, b, sample.camera_mm);
  const bool both = sample.visible[a] != 0 && sample.visible[b] != 0;
  sample.visible.push_back(both ? 1 : 0);
}

}  // namespace

const pose::JointSet& CocoJoints() { return *pose::FindJointSet("coco").value(); }

void AddThoraxAndPelvis(Sample& sample) {
  CNP_CHECK(sample.image_px.size() == kCocoFileJoints, "the 17 joints of a COCO file");
  CNP_CHECK(sample.visible.size() == kCocoFileJoints, "the 17 joints of a COCO file");
  AddJoint(kLeftShoulder, kRightShoulder, sample);
  AddJoint(kLeftHip, kRightHip, sample);
}

}  // namespace cnp::datasets
