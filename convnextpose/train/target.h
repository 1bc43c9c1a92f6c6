// Joints of a person -> what the network should answer and which of it counts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "convnextpose/pose/affine.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"
#include "convnextpose/train/example.h"

namespace cnp::train {

/// What is known of a person, in the network's joint order.
struct Labels {
  std::vector<pose::Vec2> image_px;
  std::vector<std::uint8_t> labelled;
  std::vector<double> depth_mm;  ///< From the root's; empty: no depth is known.
};

/// The joints of `from` brought to the order of `to`, by name; those that `from` lacks are not
/// labelled. `camera_mm` may be empty. Precondition: one entry a joint of `from`.
Labels MatchLabels(const pose::JointSet& from, std::span<const pose::Vec2> image_px,
                   std::span<const std::uint8_t> visible, std::span<const pose::Vec3> camera_mm,
                   const pose::JointSet& to);

/// Fills target and weight [J, 3] (example.h). `flip`: the crop shows the person mirrored, so left
/// and right change their names; `crop_from_picture` mirrors as well.
void SetTarget(const Labels& labels, const pose::Affine& crop_from_picture, bool flip,
               const pose::JointSet& set, const Cells& cells, std::span<float> target,
               std::span<float> weight);

}  // namespace cnp::train
