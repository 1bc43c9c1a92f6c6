// One skeleton on a canvas: what the overlay and the 3-D view draw alike.
#pragma once

#include <optional>
#include <span>

#include "convnextpose/pose/joint_set.h"
#include "convnextpose/viz/canvas.h"

namespace cnp::viz {

/// The sides' colours, which colour-blind people can tell apart too (Okabe and Ito, "Color
/// universal design", 2008: sky blue, vermillion, yellow).
Color ColorOf(pose::Side side);

/// Draws the bones, the farthest first (`distance` per joint; empty: in the set's order), then the
/// joints, everything `bone_width` pixels wide and outlined in dark. Joints whose confidence is
/// below kConfident (person.h) are hollow, their bones thin and greyish. Joints that are not finite
/// are left away. Spans are empty or have set.size() entries. `color`: one for all, not the sides'.
void DrawSkeleton(const pose::JointSet& set, std::span<const pose::Vec2> points,
                  std::span<const double> distance, std::span<const double> confidence,
                  double bone_width, Canvas& canvas, const std::optional<Color>& color = {});

}  // namespace cnp::viz
