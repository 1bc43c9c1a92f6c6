#include "convnextpose/viz/versus.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/canvas.h"
#include "convnextpose/viz/panel.h"
#include "convnextpose/viz/skeleton.h"

namespace cnp::viz {
namespace {

using pose::Box;
using pose::Vec2;
using pose::Vec3;

constexpr double kJoinWidth = 1;
const Color kNoPicture = {196, 200, 207};

// Joints of both poses, in pixels of the drawing.
struct Drawn {
  std::vector<Vec2> predicted;
  std::vector<Vec2> truth;
};

void DrawBoth(const pose::JointSet& set, const Drawn& drawn, double bone_width, const Color& color,
              Canvas& canvas) {
  if (!drawn.truth.empty() && !drawn.predicted.empty()) {
    for (std::size_t j = 0; j < drawn.truth.size(); ++j) {
      if (!pose::IsFinite(drawn.truth[j]) || !pose::IsFinite(drawn.predicted[j])) continue;
      canvas.Line(drawn.truth[j], drawn.predicted[j], color, kJoinWidth);
    }
  }
  DrawSkeleton(set, drawn.truth, {}, {}, bone_width, canvas, kPaper);
  DrawSkeleton(set, drawn.predicted, {}, {}, bone_width, canvas, color);
}

// Whole pixels of `length` that lie between low and low + size.
cv::Range Inside(double low, double size, int length) {
  const double most = length;
  const auto begin = static_cast<int>(std::clamp(std::ceil(low), 0.0, most));
  const auto end = static_cast<int>(std::clamp(std::floor(low + size), 0.0, most));
  return {begin, std::max(begin, end)};
}

// Where these come to lie.
cv::Range Scaled(const cv::Range& range, double low, double scale) {
  return {static_cast<int>(std::lround((range.start - low) * scale)),
          static_cast<int>(std::lround((range.end - low) * scale))};
}

// The part of the picture that is in the box fills the target.
void DrawPicture(const image::Image& picture, const Box& box, cv::Mat target) {
  target.setTo(kNoPicture);
  const cv::Range across = Inside(box.x, box.w, picture.width);
  const cv::Range down = Inside(box.y, box.h, picture.height);
  const cv::Range to_across = Scaled(across, box.x, target.cols / box.w);
  const cv::Range to_down = Scaled(down, box.y, target.rows / box.h);
  if (to_across.empty() || to_down.empty()) return;
  // OpenCV has no constant pixels to read from.
  const cv::Mat pixels(picture.height, picture.width, CV_8UC3,
                       const_cast<std::uint8_t*>(picture.rgb.data()));
  cv::Mat part = target(to_down, to_across);
  const bool smaller = to_across.size() < across.size();
  cv::resize(pixels(down, across), part, part.size(), 0, 0,
             smaller ? cv::INTER_AREA : cv::INTER_LINEAR);
}

std::vector<Vec2> InDrawing(std::span<const Vec2> image_px, const Box& box, double size) {
  std::vector<Vec2> points;
  for (const Vec2& px : image_px) {
    points.push_back({(px[0] - box.x) * size / box.w, (px[1] - box.y) * size / box.h});
  }
  return points;
}

}  // namespace

image::Image DrawVersus(const pose::JointSet& set, const Versus& versus, int height) {
  CNP_CHECK(height >= 200, "too small for views with axes");
  CNP_CHECK(versus.box.w > 0 && versus.box.h > 0, "a box of positive size");
  Bounds bounds;
  bounds.Add(versus.predicted_mm);
  bounds.Add(versus.truth_mm);
  constexpr std::span<const View> views = std::span(kViews).first<2>();
  const int panels = bounds.empty ? 0 : static_cast<int>(views.size());
  const Color color = {1.0 * versus.color[0], 1.0 * versus.color[1], 1.0 * versus.color[2]};
  const FineCanvas large(height * (1 + panels), height);
  Canvas canvas = large.canvas();
  const double size = height;
  const image::Image none;
  DrawPicture(versus.picture != nullptr ? *versus.picture : none, versus.box, large.Left(height));
  DrawBoth(set,
           {InDrawing(versus.predicted_px, versus.box, size),
            InDrawing(versus.truth_px, versus.box, size)},
           size / 110, color, canvas);
  if (bounds.empty) return large.Finished();
  // What reaches out of the picture must not reach into the views.
  canvas.Fill({size, 0}, {size * (1 + panels), size}, kPaper);
  const std::vector<Panel> places = Layout(bounds, views, {size, 0}, {size * (1 + panels), size});
  for (std::size_t i = 0; i < places.size(); ++i) {
    DrawAxes(views[i], places[i], canvas);
    DrawBoth(set,
             {Place(views[i], places[i], versus.predicted_mm),
              Place(views[i], places[i], versus.truth_mm)},
             std::clamp(20 * places[i].px_per_mm, 1.5, 3.0), color, canvas);
  }
  return large.Finished();
}

}  // namespace cnp::viz
