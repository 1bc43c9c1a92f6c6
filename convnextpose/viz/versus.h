// A predicted pose against the labelled one: over the picture, from the front and from the side.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::viz {

/// Spans are empty where nothing is known, else have one entry a joint; joints that are not finite
/// are not drawn.
struct Versus {
  const image::Image* picture = nullptr;  ///< Null: an empty ground.
  pose::Box box;                          ///< What is shown of it, in its pixels. Of positive size.
  std::span<const pose::Vec2> predicted_px;
  std::span<const pose::Vec2> truth_px;
  std::span<const pose::Vec3> predicted_mm;  ///< Relative to the root, axes as the camera's.
  std::span<const pose::Vec3> truth_mm;
  std::array<std::uint8_t, 3> color{};  ///< Of the prediction: R, G, B.
};

/// The labelled pose is white, the predicted one of its own colour; thin lines join the two places
/// of a joint. `height` x `height` pixels of the picture, and beside them, where a pose in space is
/// known, as much for each of the two views. Precondition: height is at least 200.
image::Image DrawVersus(const pose::JointSet& set, const Versus& versus, int height);

}  // namespace cnp::viz
