#include "convnextpose/pose/box.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

namespace cnp::pose {
namespace {

constexpr double kContext = 1.25;  // What the network sees beside the person, as in training.
constexpr double kJointMargin = 0.08;
constexpr double kFarthestPx = 1e6;

bool IsFinite(const Box& box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.w) &&
         std::isfinite(box.h);
}

}  // namespace

std::string ToString(const Box& box) {
  char text[128];
  std::snprintf(text, sizeof text, "%.6g,%.6g,%.6g,%.6g", box.x, box.y, box.w, box.h);
  return text;
}

Result<Box> NetworkBox(const Box& person, int image_width, int image_height, double aspect) {
  CNP_CHECK(image_width > 0 && image_height > 0 && aspect > 0, "picture or input has no size");
  const std::string name = "person box " + ToString(person);
  if (!IsFinite(person)) return Error{name + " holds a number that is not finite"};
  if (!(person.w > 0 && person.h > 0)) {
    return Error{name + " has no area; give x,y,width,height in pixels"};
  }
  const double x1 = std::max(0.0, person.x);
  const double y1 = std::max(0.0, person.y);
  const double x2 = std::min(image_width - 1.0, x1 + std::max(0.0, person.w - 1));
  const double y2 = std::min(image_height - 1.0, y1 + std::max(0.0, person.h - 1));
  const std::string picture = "the picture of " + std::to_string(image_width) + " x " +
                              std::to_string(image_height) + " pixels";
  // The published rule moves a corner left of or above the picture to 0 and keeps the size, so a
  // box wholly beyond those borders would come back inside: that one is refused as well.
  if (x2 < x1 || y2 < y1 || person.x + person.w <= 0 || person.y + person.h <= 0) {
    return Error{name + " lies outside " + picture + "; give x,y,width,height in pixels"};
  }
  double w = x2 - x1;
  double h = y2 - y1;
  const Vec2 center = {x1 + w / 2, y1 + h / 2};
  if (w > aspect * h) {
    h = w / aspect;
  } else {
    w = h * aspect;
  }
  if (!(w > 0 && h > 0)) {
    return Error{name + " covers no more than one pixel of " + picture + "; give a larger box"};
  }
  w *= kContext;
  h *= kContext;
  return Box{center[0] - w / 2, center[1] - h / 2, w, h};
}

Status CheckNetworkBox(const Box& network_box) {
  const std::string name = "network box " + ToString(network_box);
  if (!IsFinite(network_box)) return Error{name + " holds a number that is not finite"};
  if (!(network_box.w > 0 && network_box.h > 0)) {
    return Error{name + " has no area; give x,y,width,height in pixels"};
  }
  if (std::max({std::abs(network_box.x), std::abs(network_box.y), network_box.w, network_box.h}) >
      kFarthestPx) {
    return Error{name + " reaches beyond a million pixels; give x,y,width,height in pixels"};
  }
  return {};
}

Result<Box> BoxAroundJoints(std::span<const Vec2> image_px, std::span<const double> confidence,
                            double min_confidence) {
  CNP_CHECK(confidence.empty() || confidence.size() == image_px.size(), "one confidence a joint");
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Vec2 low = {infinity, infinity};
  Vec2 high = {-infinity, -infinity};
  int joints = 0;
  for (std::size_t j = 0; j < image_px.size(); ++j) {
    if (!IsFinite(image_px[j])) continue;
    if (!confidence.empty() && !(confidence[j] >= min_confidence)) continue;
    ++joints;
    for (int axis = 0; axis < 2; ++axis) {
      low[axis] = std::min(low[axis], image_px[j][axis]);
      high[axis] = std::max(high[axis], image_px[j][axis]);
    }
  }
  if (joints < 2) return Error{"fewer than two joints found: no box to draw around them"};
  const double longer = std::max(high[0] - low[0], high[1] - low[1]);
  if (!(longer > 0)) return Error{"all joints lie on one point: no box to draw around them"};
  const double margin = kJointMargin * longer;
  return Box{low[0] - margin, low[1] - margin, high[0] - low[0] + 2 * margin,
             high[1] - low[1] + 2 * margin};
}

double IntersectionOverUnion(const Box& a, const Box& b) {
  const double w = std::min(a.x + a.w, b.x + b.w) - std::max(a.x, b.x);
  const double h = std::min(a.y + a.h, b.y + b.h) - std::max(a.y, b.y);
  if (!(w > 0 && h > 0)) return 0;
  return w * h / (a.w * a.h + b.w * b.h - w * h);
}

}  // namespace cnp::pose
