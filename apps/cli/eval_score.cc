#include "apps/cli/eval_score.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "convnextpose/eval/sketch.h"

namespace cnp::cli {

Result<Scorer> Scorer::Make(const pose::JointSet& network, const datasets::Dataset& dataset,
                            const pose::Grid& grid) {
  Scorer scorer(network, dataset, grid);
  const pose::JointSet& set = *dataset.joints;
  for (const std::string_view joint : set.joints) {
    const auto found = std::find(network.joints.begin(), network.joints.end(), joint);
    const bool known = found != network.joints.end();
    scorer.network_joint_.push_back(known ? static_cast<int>(found - network.joints.begin()) : -1);
  }
  if (scorer.network_joint_[set.root] < 0) {
    return Error{std::string("the network's joints (") + std::string(network.name) + ") have no " +
                 std::string(set.joints[set.root]) + ", which " + dataset.name +
                 " measures from; say with --joint-set which joints they are"};
  }
  return scorer;
}

template <typename T>
std::vector<T> Scorer::Matched(std::span<const T> values, const T& absent) const {
  std::vector<T> matched;
  matched.reserve(network_joint_.size());
  for (const int joint : network_joint_) matched.push_back(joint < 0 ? absent : values[joint]);
  return matched;
}

std::vector<std::uint8_t> Scorer::Valid(const datasets::Sample& sample) const {
  std::vector<std::uint8_t> valid = sample.visible;
  for (std::size_t j = 0; j < valid.size(); ++j) {
    if (network_joint_[j] < 0) valid[j] = 0;
  }
  return valid;
}

eval::Record Scorer::Score(const datasets::Sample& sample, const pose::Box& network_box,
                           std::span<const pose::Vec3> heatmap) const {
  constexpr pose::Vec2 kNoPixel = {eval::kUnknown, eval::kUnknown};
  constexpr pose::Vec3 kNowhere = {eval::kUnknown, eval::kUnknown, eval::kUnknown};
  eval::Record record = {.image_id = sample.image_id,
                         .annotation_id = sample.annotation_id,
                         .file = sample.file,
                         .subject = sample.origin.subject,
                         .action = sample.origin.action,
                         .subaction = sample.origin.subaction,
                         .camera = sample.origin.camera,
                         .network_box = network_box};
  pose::Pose pose = pose::PoseInPicture(heatmap, grid_, network_box);
  record.joint_share = eval::Score2d(Matched<pose::Vec2>(pose.image_px, kNoPixel), sample.image_px,
                                     Valid(sample), network_box);
  std::vector<double> depth_mm = pose.relative_depth_mm;
  for (double& mm : depth_mm) mm -= pose.relative_depth_mm[network_->root];
  record.sketch = eval::MakeSketch(Matched<pose::Vec2>(pose.image_px, kNoPixel),
                                   Matched<double>(depth_mm, eval::kUnknown), network_box);
  if (!std::isfinite(sample.root_depth_mm)) return record;
  pose::PlaceInCamera(sample.camera, sample.root_depth_mm, network_->root, pose);
  if (!sample.camera_mm.empty()) {
    record.errors = eval::Score3d(*dataset_->joints, Matched<pose::Vec3>(pose.camera_mm, kNowhere),
                                  sample.camera_mm, Valid(sample));
  }
  record.root_mm = pose.camera_mm[network_->root];
  record.camera_mm = std::move(pose.camera_mm);
  return record;
}

}  // namespace cnp::cli
