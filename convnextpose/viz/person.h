// What the drawings need to know about a person, and the colours they share.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "convnextpose/pose/box.h"
#include "convnextpose/pose/vec.h"

namespace cnp::viz {

/// Spans are empty or have one entry a joint. Joints that are not finite are not drawn.
struct Person {
  std::optional<pose::Box> box;          // The person's, in pixels.
  std::optional<pose::Box> network_box;  // What the network saw.
  std::span<const pose::Vec2> image_px;
  std::span<const pose::Vec3> camera_mm;
  std::span<const double> confidence;  // 0..1; empty: 1.
  std::string label;                   // ASCII, e.g. "person 1  0.87".
};

/// Joints below are drawn hollow, their bones faded.
inline constexpr double kConfident = 0.3;

}  // namespace cnp::viz
