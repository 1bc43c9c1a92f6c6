#include "convnextpose/viz/view3d.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/viz/skeleton.h"

namespace cnp::viz {
namespace {

using pose::Vec2;
using pose::Vec3;

constexpr int kOversampling = 2;
constexpr double kHeader = 54;  // Heights and widths in pixels of the finished picture.
constexpr double kPanelTitle = 26;
constexpr double kBelow = 46;  // Tick labels and the name of the axis.
constexpr double kLeft = 74;
constexpr double kRight = 18;
constexpr double kTickText = 8.5;
constexpr double kText = 10;
constexpr double kLeastTickGap = 46;
constexpr double kLeastExtentMm = 500;
constexpr double kFarthestMm = 1e7;

const Color kGrid = {226, 229, 234};
const Color kAxis = {150, 155, 165};
const Color kSoftInk = {95, 100, 110};
const Color kStrip = {244, 246, 249};

/// A look along one camera axis: which axis runs across the panel, which down it.
struct View {
  const char* title;
  int across;
  int down;
  double down_sign;  // -1: the axis grows upwards.
  int away;          // The axis looked along,
  double away_sign;  // and whether it grows away from the eye.
  const char* across_name;
  const char* down_name;
};
constexpr std::array<View, 3> kViews = {{
    {"front, as the camera sees it", 0, 1, 1, 2, 1, "x right (mm)", "y down (mm)"},
    {"side, from the camera's right", 2, 1, 1, 0, -1, "z away (mm)", "y down (mm)"},
    {"top, the camera below", 0, 2, -1, 1, 1, "x right (mm)", "z away (mm)"},
}};

struct Panel {
  Vec2 low{};
  Vec2 high{};
  Vec2 middle_mm{};  // The point in the panel's middle, along the view's axes.
  double px_per_mm = 1;
};

bool Drawable(const Vec3& mm) {
  return std::abs(mm[0]) < kFarthestMm && std::abs(mm[1]) < kFarthestMm &&
         std::abs(mm[2]) < kFarthestMm;
}

struct Bounds {
  Vec3 low{};
  Vec3 high{};
  bool empty = true;

  void Add(const Vec3& mm) {
    for (int i = 0; i < 3; ++i) {
      low[i] = empty ? mm[i] : std::min(low[i], mm[i]);
      high[i] = empty ? mm[i] : std::max(high[i], mm[i]);
    }
    empty = false;
  }
  [[nodiscard]] double middle(int axis) const { return (low[axis] + high[axis]) / 2; }
  [[nodiscard]] double extent(int axis) const {
    return std::max(kLeastExtentMm, high[axis] - low[axis]);
  }
};

Bounds BoundsOf(std::span<const Person> people) {
  Bounds bounds;
  for (const Person& person : people) {
    for (const Vec3& joint : person.camera_mm) {
      if (Drawable(joint)) bounds.Add(joint);
    }
  }
  return bounds;
}

Vec2 Place(const View& view, const Panel& panel, const Vec3& mm) {
  return {
      (panel.low[0] + panel.high[0]) / 2 + (mm[view.across] - panel.middle_mm[0]) * panel.px_per_mm,
      (panel.low[1] + panel.high[1]) / 2 +
          (mm[view.down] - panel.middle_mm[1]) * view.down_sign * panel.px_per_mm};
}

std::array<Panel, 3> Layout(const Bounds& bounds, int width, int height) {
  std::array<Panel, 3> panels;
  double scale = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const View& view = kViews[i];
    Panel& panel = panels[i];
    const double column = static_cast<double>(width) / panels.size();
    panel.low = {column * i + kLeft, kHeader + kPanelTitle};
    panel.high = {column * (i + 1) - kRight, height - kBelow};
    panel.middle_mm = {bounds.middle(view.across), bounds.middle(view.down)};
    constexpr double margin = 1.15;
    scale = std::min({scale, (panel.high[0] - panel.low[0]) / (margin * bounds.extent(view.across)),
                      (panel.high[1] - panel.low[1]) / (margin * bounds.extent(view.down))});
  }
  for (Panel& panel : panels) panel.px_per_mm = scale;
  return panels;
}

// The least of 1, 2, 5, 10, 20, ... mm that keeps ticks apart.
double TickStep(double px_per_mm) {
  const double least = kLeastTickGap / px_per_mm;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

// The multiples of the step within half_px of the middle.
std::vector<double> Ticks(double middle_mm, double half_px, double px_per_mm) {
  const double step = TickStep(px_per_mm);
  const double half_mm = half_px / px_per_mm;
  std::vector<double> ticks;
  for (double k = std::ceil((middle_mm - half_mm) / step); k * step <= middle_mm + half_mm; ++k) {
    ticks.push_back(k * step);
  }
  return ticks;
}

std::string Millimetres(double mm) { return std::to_string(std::llround(mm)); }

void DrawAxes(const View& view, const Panel& panel, Canvas& canvas) {
  const double half_width = (panel.high[0] - panel.low[0]) / 2;
  const double half_height = (panel.high[1] - panel.low[1]) / 2;
  for (const double tick : Ticks(panel.middle_mm[0], half_width, panel.px_per_mm)) {
    Vec3 mm{};
    mm[view.across] = tick;
    const double x = Place(view, panel, mm)[0];
    canvas.Line({x, panel.low[1]}, {x, panel.high[1]}, kGrid, 1);
    canvas.Text(Millimetres(tick), {x, panel.high[1] + 8 + kTickText}, kTickText, kSoftInk,
                Align::kCenter);
  }
  for (const double tick : Ticks(panel.middle_mm[1], half_height, panel.px_per_mm)) {
    Vec3 mm{};
    mm[view.down] = tick;
    const double y = Place(view, panel, mm)[1];
    canvas.Line({panel.low[0], y}, {panel.high[0], y}, kGrid, 1);
    canvas.Text(Millimetres(tick), {panel.low[0] - 8, y + kTickText / 2}, kTickText, kSoftInk,
                Align::kRight);
  }
  canvas.Frame(panel.low, panel.high, kAxis, 1);
  canvas.Text(view.title, {panel.low[0], panel.low[1] - 8}, kText, kInk);
  canvas.Text(view.down_name, {panel.high[0], panel.low[1] - 8}, kTickText, kSoftInk,
              Align::kRight);
  canvas.Text(view.across_name, {panel.high[0], panel.high[1] + 20 + 2 * kTickText}, kTickText,
              kSoftInk, Align::kRight);
}

void DrawPerson(const pose::JointSet& set, const View& view, const Panel& panel,
                const Person& person, const std::string& number, Canvas& canvas) {
  std::vector<Vec2> points;
  std::vector<double> distance;
  Vec2 top = {0, std::numeric_limits<double>::infinity()};
  for (const Vec3& joint : person.camera_mm) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    points.push_back(Drawable(joint) ? Place(view, panel, joint) : Vec2{nan, nan});
    distance.push_back(Drawable(joint) ? joint[view.away] * view.away_sign : 0);
    if (points.back()[1] < top[1]) top = points.back();
  }
  const double bone_width = std::clamp(20 * panel.px_per_mm, 1.5, 4.5);
  DrawSkeleton(set, points, distance, person.confidence, bone_width, canvas);
  if (!number.empty()) canvas.Text(number, {top[0], top[1] - 10}, kText, kInk, Align::kCenter);
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

image::Image Halved(const cv::Mat& large) {
  image::Image image{large.cols / kOversampling, large.rows / kOversampling, {}};
  image.rgb.resize(std::size_t{3} * image.width * image.height);
  cv::Mat small(image.height, image.width, CV_8UC3, image.rgb.data());
  cv::resize(large, small, small.size(), 0, 0, cv::INTER_AREA);
  return image;
}

}  // namespace

image::Image DrawView3d(const pose::JointSet& set, std::span<const Person> people,
                        const View3dOptions& options) {
  CNP_CHECK(options.width >= 600 && options.height >= 300, "too small for three panels");
  cv::Mat large(options.height * kOversampling, options.width * kOversampling, CV_8UC3, kPaper);
  Canvas canvas(large, kOversampling);
  DrawHeader(options, canvas);
  const Bounds bounds = BoundsOf(people);
  if (bounds.empty) {
    canvas.Text("nobody to show", {options.width / 2.0, options.height / 2.0}, 14, kSoftInk,
                Align::kCenter);
    return Halved(large);
  }
  const std::array<Panel, 3> panels = Layout(bounds, options.width, options.height);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    DrawAxes(kViews[i], panels[i], canvas);
    for (const std::size_t n : BackToFront(kViews[i], people)) {
      const std::string number = people.size() > 1 ? std::to_string(n + 1) : "";
      DrawPerson(set, kViews[i], panels[i], people[n], number, canvas);
    }
  }
  return Halved(large);
}

}  // namespace cnp::viz
