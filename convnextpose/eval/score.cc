#include "convnextpose/eval/score.h"

#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/eval/sketch.h"
#include "convnextpose/pose/camera.h"

namespace cnp::eval {
namespace {

// The joints whose truth in space is a number and that the sample labels.
std::vector<std::uint8_t> ValidIn3d(const datasets::Sample& sample) {
  std::vector<std::uint8_t> valid(sample.camera_mm.size(), 1);
  for (std::size_t j = 0; j < valid.size(); ++j) {
    const bool labelled = sample.visible.empty() || sample.visible[j] != 0;
    valid[j] = labelled && pose::IsFinite(sample.camera_mm[j]) ? 1 : 0;
  }
  return valid;
}

}  // namespace

Record ScoreSample(const datasets::Sample& sample, const pose::JointSet& set, Predicted predicted) {
  CNP_CHECK(predicted.camera_mm.size() == set.joints.size(), "a prediction has the set's joints");
  Record record;
  record.image_id = sample.image_id;
  record.annotation_id = sample.annotation_id;
  record.file = sample.file;
  record.subject = sample.origin.subject;
  record.action = sample.origin.action;
  record.subaction = sample.origin.subaction;
  record.camera = sample.origin.camera;
  if (predicted.image_px.empty()) {
    for (const pose::Vec3& mm : predicted.camera_mm) {
      predicted.image_px.push_back(Project(sample.camera, mm));
    }
  }
  if (sample.camera_mm.size() == set.joints.size()) {
    record.errors = Score3d(set, predicted.camera_mm, sample.camera_mm, ValidIn3d(sample));
  }
  if (sample.image_px.size() == set.joints.size()) {
    record.joint_share =
        Score2d(predicted.image_px, sample.image_px, sample.visible, predicted.network_box);
  }
  record.root_mm = predicted.camera_mm[static_cast<std::size_t>(set.root)];
  std::vector<double> depth_mm;
  for (const pose::Vec3& mm : predicted.camera_mm) depth_mm.push_back(mm[2] - record.root_mm[2]);
  record.sketch = MakeSketch(predicted.image_px, depth_mm, predicted.network_box);
  record.network_box = predicted.network_box;
  record.camera_mm = std::move(predicted.camera_mm);
  return record;
}

}  // namespace cnp::eval
