// Boxes in picture pixels: of a person, and the larger one that the network looks at
// (spec 3-pose, "Person box").
#pragma once

#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/pose/vec.h"

namespace cnp::pose {

/// Left, top, width, height in pixels; may reach outside the picture.
struct Box {
  double x = 0;
  double y = 0;
  double w = 0;
  double h = 0;

  [[nodiscard]] Vec2 center() const { return {x + w / 2, y + h / 2}; }
  friend bool operator==(const Box&, const Box&) = default;
};

/// "12.5,30,200,400": as options take it and messages show it.
std::string ToString(const Box& box);

/// A person's box, clipped to the picture, grown about its centre to `aspect` (width / height of
/// the network's input), times 1.25. Errors: numbers that are not finite, no area, outside the
/// picture, or no more than one pixel left of it.
Result<Box> NetworkBox(const Box& person, int image_width, int image_height, double aspect = 1);

/// What the crop takes: finite, positive size, no coordinate beyond 1e6 pixels. For network boxes
/// that come from outside; those of NetworkBox pass.
Status CheckNetworkBox(const Box& network_box);

/// The person's box as one would draw it by hand, guessed from the joints: the smallest box around
/// them, each side moved out by 8 % of the longer side, because hands, feet and the top of the head
/// lie beyond the last joints. Joints that are not finite or whose confidence is below
/// `min_confidence` are left out (`confidence` empty: all count). Errors: fewer than two joints
/// left, or all on one point.
Result<Box> BoxAroundJoints(std::span<const Vec2> image_px, std::span<const double> confidence = {},
                            double min_confidence = 0);

/// Area of the intersection over area of the union: 1 for equal boxes, 0 for disjoint ones.
double IntersectionOverUnion(const Box& a, const Box& b);

}  // namespace cnp::pose
