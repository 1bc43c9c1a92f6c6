#include "convnextpose/viz/skeleton.h"

#include <algorithm>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/person.h"

namespace cnp::viz {
namespace {

using pose::Bone;
using pose::Vec2;

Color Faded(const Color& color) {
  constexpr double grey = 150;
  return color * 0.5 + Color::all(grey * 0.5);
}

// Bones with both ends on the canvas, the farthest first.
std::vector<Bone> BackToFront(const pose::JointSet& set, std::span<const Vec2> points,
                              std::span<const double> distance) {
  std::vector<Bone> bones;
  for (const Bone& bone : set.bones) {
    if (pose::IsFinite(points[bone.parent]) && pose::IsFinite(points[bone.child]))
      bones.push_back(bone);
  }
  if (!distance.empty()) {
    std::ranges::stable_sort(bones, std::ranges::greater(), [&](const Bone& bone) {
      return distance[bone.parent] + distance[bone.child];
    });
  }
  return bones;
}

}  // namespace

Color ColorOf(pose::Side side) {
  switch (side) {
    case pose::Side::kLeft:
      return {0x56, 0xB4, 0xE9};
    case pose::Side::kRight:
      return {0xD5, 0x5E, 0x00};
    case pose::Side::kMiddle:
      return {0xF0, 0xE4, 0x42};
  }
  return kInk;
}

void DrawSkeleton(const pose::JointSet& set, std::span<const Vec2> points,
                  std::span<const double> distance, std::span<const double> confidence,
                  double bone_width, Canvas& canvas, const std::optional<Color>& one_color) {
  if (points.empty()) return;
  const std::size_t joints = set.joints.size();
  CNP_CHECK(points.size() == joints && (distance.empty() || distance.size() == joints) &&
                (confidence.empty() || confidence.size() == joints),
            "one entry a joint");
  const auto sure = [&](int j) { return confidence.empty() || confidence[j] >= kConfident; };
  const auto color_of = [&](const auto& part) {
    return one_color ? *one_color : ColorOf(SideOf(set, part));
  };
  const double outline = std::max(0.5, bone_width * 0.3);
  for (const Bone& bone : BackToFront(set, points, distance)) {
    const Vec2& a = points[bone.parent];
    const Vec2& b = points[bone.child];
    const Color color = color_of(bone);
    if (sure(bone.parent) && sure(bone.child)) {
      canvas.Line(a, b, kInk, bone_width + 2 * outline);
      canvas.Line(a, b, color, bone_width);
    } else {
      canvas.Line(a, b, Faded(color), bone_width * 0.5);
    }
  }
  const double radius = bone_width * 0.9;
  for (int j = 0; j < set.size(); ++j) {
    if (!pose::IsFinite(points[j])) continue;
    const Color color = color_of(j);
    if (sure(j)) {
      canvas.Disc(points[j], radius + outline, kInk);
      canvas.Disc(points[j], radius, color);
    } else {
      canvas.Ring(points[j], radius, Faded(color), bone_width * 0.4);
    }
  }
}

}  // namespace cnp::viz
