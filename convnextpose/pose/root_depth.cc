#include "convnextpose/pose/root_depth.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "convnextpose/base/check.h"

namespace cnp::pose {
namespace {

constexpr double kNearestMm = 100;   // No joint nearer to the camera than this.
constexpr double kFarthestMm = 1e6;  // Beyond, a person is a pixel or two.
constexpr int kMostSteps = 100;      // Newton needs about seven.

// A bone's vector in camera space is a + b d, d the root's depth: with rays r = ((x-cx)/fx,
// (y-cy)/fy, 1) through its ends and depths z relative to the root, it is
// (d + z2) r2 - (d + z1) r1. `b` has no z, since both rays have z = 1.
struct BoneLine {
  Vec3 a{};
  Vec3 b{};
};

struct BoneLines {
  std::vector<BoneLine> lines;
  double length_mm = 0;   // Of a person's, together.
  double nearest_mm = 0;  // The smallest d that keeps every joint in front of the camera.
};

// The bones of known length with usable ends; of legs and trunk alone where there are two of them.
std::vector<Bone> UsableBones(const JointSet& set, std::span<const Vec2> px,
                              std::span<const double> depth, std::span<const double> confidence,
                              double min_confidence) {
  const auto usable = [&](int j) {
    const bool sure = confidence.empty() || confidence[j] >= min_confidence;
    return sure && IsFinite(px[j]) && std::isfinite(depth[j]);
  };
  std::vector<Bone> all;
  std::vector<Bone> steady;
  for (const Bone& bone : set.bones) {
    if (bone.segment.stature_share == 0 || !usable(bone.parent) || !usable(bone.child)) continue;
    all.push_back(bone);
    if (bone.segment.steady) steady.push_back(bone);
  }
  return steady.size() >= 2 ? steady : all;
}

BoneLines LinesOf(std::span<const Bone> bones, std::span<const Vec2> px,
                  std::span<const double> depth, const Camera& camera, double height_mm) {
  BoneLines lines;
  for (const Bone& bone : bones) {
    const Vec2& px1 = px[bone.parent];
    const Vec2& px2 = px[bone.child];
    const double z1 = depth[bone.parent];
    const double z2 = depth[bone.child];
    lines.lines.push_back({BackProject(camera, px2, z2) - BackProject(camera, px1, z1),
                           BackProject(camera, px2, 1) - BackProject(camera, px1, 1)});
    lines.length_mm += bone.segment.stature_share * height_mm;
    lines.nearest_mm = std::max({lines.nearest_mm, kNearestMm - z1, kNearestMm - z2});
  }
  return lines;
}

struct LengthAt {
  double length_mm = 0;
  double slope = 0;  // Of the length over d.
};

LengthAt TotalLength(const BoneLines& bones, double d) {
  LengthAt sum;
  for (const BoneLine& line : bones.lines) {
    const Vec3 v = {line.a[0] + line.b[0] * d, line.a[1] + line.b[1] * d, line.a[2]};
    const double length = Norm(v);
    sum.length_mm += length;
    if (length > 0) sum.slope += (v[0] * line.b[0] + v[1] * line.b[1]) / length;
  }
  return sum;
}

// The largest d at which the bones have the wanted length. Each |a + b d| is convex in d, so their
// sum f is; it grows without bound, at |b| in the end. So beyond its minimum f rises monotonically
// and crosses the wanted length once: that is the root sought (the other, if any, lies where the
// person would have to grow by coming nearer). From the right of it, Newton's steps on a convex
// function descend towards it and never pass it.
Result<double> Solve(const BoneLines& bones) {
  double sum_a = 0;
  double sum_b = 0;
  for (const BoneLine& line : bones.lines) {
    sum_a += Norm(line.a);
    sum_b += Norm(line.b);
  }
  // f(d) >= sum_b d - sum_a, so here f has at least the wanted length.
  double d = (bones.length_mm + sum_a) / sum_b;
  if (!(d < kFarthestMm)) {
    return Error{
        "all joints lie nearly on one point, so bone lengths tell no depth; give the "
        "root's depth"};
  }
  for (int i = 0; i < kMostSteps && d > bones.nearest_mm; ++i) {
    const LengthAt f = TotalLength(bones, d);
    const double excess = f.length_mm - bones.length_mm;
    if (excess <= 1e-9 * bones.length_mm) return d;
    if (!(f.slope > 0)) break;
    d -= excess / f.slope;
  }
  return Error{
      "no depth gives the bones a person's length (they are too long in depth alone); "
      "give the root's depth or the person's height"};
}

}  // namespace

Result<double> RootDepthFromBones(const JointSet& set, std::span<const Vec2> image_px,
                                  std::span<const double> relative_depth_mm,
                                  std::span<const double> confidence, const Camera& camera,
                                  const BoneLengthOptions& options) {
  const std::size_t joints = set.joints.size();
  CNP_CHECK(image_px.size() == joints && relative_depth_mm.size() == joints &&
                (confidence.empty() || confidence.size() == joints),
            "one entry a joint");
  if (!(options.height_mm > 0 && std::isfinite(options.height_mm))) {
    return Error{"a person's height of " + std::to_string(options.height_mm) +
                 " mm is not a positive number"};
  }
  const std::vector<Bone> bones =
      UsableBones(set, image_px, relative_depth_mm, confidence, options.min_confidence);
  if (bones.empty()) {
    return Error{
        "no bone of known length has both ends found with confidence; give the root's "
        "depth"};
  }
  return Solve(LinesOf(bones, image_px, relative_depth_mm, camera, options.height_mm));
}

}  // namespace cnp::pose
