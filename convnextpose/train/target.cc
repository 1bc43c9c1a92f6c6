#include "convnextpose/train/target.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "convnextpose/base/check.h"
#include "convnextpose/pose/pose.h"

namespace cnp::train {

Labels MatchLabels(const pose::JointSet& from, std::span<const pose::Vec2> image_px,
                   std::span<const std::uint8_t> visible, std::span<const pose::Vec3> camera_mm,
                   const pose::JointSet& to) {
  CNP_CHECK(image_px.size() == from.joints.size() && visible.size() == from.joints.size(),
            "one entry a joint");
  CNP_CHECK(camera_mm.empty() || camera_mm.size() == from.joints.size(), "one point a joint");
  Labels labels{std::vector<pose::Vec2>(to.size()), std::vector<std::uint8_t>(to.size()), {}};
  if (!camera_mm.empty()) {
    labels.depth_mm.assign(to.size(), std::numeric_limits<double>::quiet_NaN());
  }
  for (int j = 0; j < to.size(); ++j) {
    const auto found = std::find(from.joints.begin(), from.joints.end(), to.joints[j]);
    if (found == from.joints.end()) continue;
    const std::ptrdiff_t source = found - from.joints.begin();
    labels.image_px[j] = image_px[source];
    labels.labelled[j] = visible[source] != 0 && pose::IsFinite(image_px[source]) ? 1 : 0;
    if (!camera_mm.empty()) {
      labels.depth_mm[j] = camera_mm[source][2] - camera_mm[from.root][2];
    }
  }
  return labels;
}

void SetTarget(const Labels& labels, const pose::Affine& crop_from_picture, bool flip,
               const pose::JointSet& set, const Cells& cells, std::span<float> target,
               std::span<float> weight) {
  const std::size_t joints = set.joints.size();
  CNP_CHECK(labels.image_px.size() == joints && target.size() == 3 * joints &&
                weight.size() == 3 * joints,
            "three numbers a joint");
  std::fill(target.begin(), target.end(), 0.0F);
  std::fill(weight.begin(), weight.end(), 0.0F);
  const std::vector<int> mirror = pose::MirrorMap(set);
  const double cells_per_pixel = static_cast<double>(cells.heatmap) / cells.input;
  for (std::size_t j = 0; j < joints; ++j) {
    const std::size_t source = flip ? mirror[j] : j;
    if (labels.labelled[source] == 0) continue;
    const pose::Vec2 at = crop_from_picture(labels.image_px[source]);
    const bool inside = at[0] >= 0 && at[0] < cells.input && at[1] >= 0 && at[1] < cells.input;
    const bool deep = !labels.depth_mm.empty() && std::isfinite(labels.depth_mm[source]);
    const double z = deep ? labels.depth_mm[source] / pose::kDepthRangeMm + 0.5 : 0;  // 0 to 1.
    if (!inside || z < 0 || z >= 1) continue;
    for (std::size_t axis = 0; axis < 2; ++axis) {
      target[3 * j + axis] = static_cast<float>(at[axis] * cells_per_pixel);
      weight[3 * j + axis] = 1;
    }
    if (!deep) continue;
    target[3 * j + 2] = static_cast<float>(z * cells.depth_bins);
    weight[3 * j + 2] = 1;
  }
}

}  // namespace cnp::train
