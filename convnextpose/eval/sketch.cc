#include "convnextpose/eval/sketch.h"

#include <cmath>

#include "convnextpose/base/check.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/root_depth.h"

namespace cnp::eval {
namespace {

constexpr double kSteps = 1000;  // Of a box's side.

// The depth of the root; kUnknown where nothing tells it.
double RootDepth(const Record& record, std::span<const pose::Vec2> image_px,
                 const datasets::Sample& sample, const pose::JointSet& set) {
  if (record.root_mm[2] > 0) return record.root_mm[2];
  std::vector<double> depth_mm;
  for (const SketchJoint& joint : record.sketch) {
    depth_mm.push_back(joint == kNoPlace ? kUnknown : joint[2]);
  }
  const auto found = pose::RootDepthFromBones(set, image_px, depth_mm, {}, sample.camera);
  return found.ok() ? *found : kUnknown;
}

}  // namespace

std::vector<SketchJoint> MakeSketch(std::span<const pose::Vec2> image_px,
                                    std::span<const double> relative_depth_mm,
                                    const pose::Box& network_box) {
  CNP_CHECK(image_px.size() == relative_depth_mm.size(), "spans of one length");
  CNP_CHECK(network_box.w > 0 && network_box.h > 0, "a box of positive size");
  std::vector<SketchJoint> sketch;
  for (std::size_t j = 0; j < image_px.size(); ++j) {
    const pose::Vec3 place = {(image_px[j][0] - network_box.x) / network_box.w * kSteps,
                              (image_px[j][1] - network_box.y) / network_box.h * kSteps,
                              relative_depth_mm[j]};
    const auto fits = [](double number) { return std::abs(number) < kFarthestSketch; };
    if (fits(place[0]) && fits(place[1]) && fits(place[2])) {
      const auto rounded = [](double number) { return static_cast<int>(std::lround(number)); };
      sketch.push_back({rounded(place[0]), rounded(place[1]), rounded(place[2])});
    } else {
      sketch.push_back(kNoPlace);
    }
  }
  return sketch;
}

std::vector<pose::Vec2> SketchPixels(const Record& record) {
  const pose::Box& box = record.network_box;
  std::vector<pose::Vec2> image_px;
  for (const SketchJoint& joint : record.sketch) {
    image_px.push_back(joint == kNoPlace ? pose::Vec2{kUnknown, kUnknown}
                                         : pose::Vec2{box.x + joint[0] / kSteps * box.w,
                                                      box.y + joint[1] / kSteps * box.h});
  }
  return image_px;
}

std::vector<pose::Vec3> SketchInSpace(const Record& record, const datasets::Sample& sample,
                                      const pose::JointSet& set) {
  if (record.sketch.empty()) return {};
  CNP_CHECK(record.sketch.size() == set.joints.size(), "a sketch has the set's joints");
  const auto root = static_cast<std::size_t>(set.root);
  const std::vector<pose::Vec2> image_px = SketchPixels(record);
  const double root_depth_mm = RootDepth(record, image_px, sample, set);
  if (record.sketch[root] == kNoPlace || !std::isfinite(root_depth_mm)) return {};
  using pose::operator-;
  const pose::Vec3 root_mm = BackProject(sample.camera, image_px[root], root_depth_mm);
  std::vector<pose::Vec3> relative_mm;
  for (std::size_t j = 0; j < image_px.size(); ++j) {
    const double depth_mm = root_depth_mm + record.sketch[j][2];
    relative_mm.push_back(BackProject(sample.camera, image_px[j], depth_mm) - root_mm);
  }
  return relative_mm;
}

}  // namespace cnp::eval
