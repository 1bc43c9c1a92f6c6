#include "convnextpose/viz/view3d.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/panel.h"
#include "convnextpose/viz/skeleton.h"

namespace cnp::viz {
namespace {

using pose::Vec2;

constexpr double kHeader = 54;  // Heights and widths in pixels of the finished picture.
constexpr double kRight = 18;

const Color kStrip = {244, 246, 249};

Bounds BoundsOf(std::span<const Person> people) {
  Bounds bounds;
  for (const Person& person : people) bounds.Add(person.camera_mm);
  return bounds;
}

void DrawPerson(const pose::JointSet& set, const View& view, const Panel& panel,
                const Person& person, const std::string& number, Canvas& canvas) {
  const std::vector<Vec2> points = Place(view, panel, person.camera_mm);
  Vec2 top = {0, std::numeric_limits<double>::infinity()};
  for (const Vec2& point : points) {
    if (point[1] < top[1]) top = point;
  }
  const double bone_width = std::clamp(20 * panel.px_per_mm, 1.5, 4.5);
  DrawSkeleton(set, points, DistanceFromEye(view, person.camera_mm), person.confidence, bone_width,
               canvas);
  if (!number.empty()) {
    canvas.Text(number, {top[0], top[1] - 10}, kPanelText, kInk, Align::kCenter);
  }
}

// The numbers of the people, the farthest from the view's eye first.
std::vector<std::size_t> BackToFront(const View& view, std::span<const Person> people) {
  std::vector<double> distance(people.size());
  std::vector<std::size_t> order(people.size());
  for (std::size_t n = 0; n < people.size(); ++n) {
    order[n] = n;
    const Bounds bounds = BoundsOf(people.subspan(n, 1));
    distance[n] = bounds.middle(view.away) * view.away_sign;
  }
  std::ranges::stable_sort(order, std::ranges::greater(),
                           [&](std::size_t n) { return distance[n]; });
  return order;
}

std::string Shortened(std::string text, double height, double width, const Canvas& canvas) {
  if (canvas.TextWidth(text, height) <= width) return text;
  while (!text.empty() && canvas.TextWidth(text + "...", height) > width) text.pop_back();
  return text + "...";
}

// Title and note at the left, the colours' meaning at the right.
void DrawHeader(const View3dOptions& options, Canvas& canvas) {
  const double width = options.width;
  canvas.Fill({0, 0}, {width, kHeader - 6}, kStrip);
  double right = width - kRight;
  for (const auto& [side, name] : {std::pair{pose::Side::kMiddle, "middle"},
                                   {pose::Side::kRight, "person's right"},
                                   {pose::Side::kLeft, "person's left"}}) {
    canvas.Text(name, {right, 29}, 9, kInk, Align::kRight);
    right -= canvas.TextWidth(name, 9) + 14;
    canvas.Disc({right, 24.5}, 6.5, kInk);
    canvas.Disc({right, 24.5}, 5, ColorOf(side));
    right -= 24;
  }
  const auto left = [&](const std::string& text, double y, double height, const Color& color,
                        bool bold) {
    canvas.Text(Shortened(text, height, right - 16, canvas), {16, y}, height, color, Align::kLeft,
                bold);
  };
  left(options.title, 21, 11.5, kInk, true);
  left(options.note, 40, 9, kSoftInk, false);
}

}  // namespace

image::Image DrawView3d(const pose::JointSet& set, std::span<const Person> people,
                        const View3dOptions& options) {
  CNP_CHECK(options.width >= 600 && options.height >= 300, "too small for three panels");
  const FineCanvas large(options.width, options.height);
  Canvas canvas = large.canvas();
  DrawHeader(options, canvas);
  const Bounds bounds = BoundsOf(people);
  if (bounds.empty) {
    canvas.Text("nobody to show", {options.width / 2.0, options.height / 2.0}, 14, kSoftInk,
                Align::kCenter);
    return large.Finished();
  }
  const double width = options.width;
  const double height = options.height;
  const std::vector<Panel> panels = Layout(bounds, kViews, {0, kHeader}, {width, height});
  for (std::size_t i = 0; i < panels.size(); ++i) {
    DrawAxes(kViews[i], panels[i], canvas);
    for (const std::size_t n : BackToFront(kViews[i], people)) {
      const std::string number = people.size() > 1 ? std::to_string(n + 1) : "";
      DrawPerson(set, kViews[i], panels[i], people[n], number, canvas);
    }
  }
  return large.Finished();
}

}  // namespace cnp::viz
