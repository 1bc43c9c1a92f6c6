#include "convnextpose/viz/panel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace cnp::viz {
namespace {

using pose::Vec2;
using pose::Vec3;

constexpr double kTitle = 26;  // Heights and widths in pixels of the finished picture.
constexpr double kBelow = 46;  // Tick labels and the name of the axis.
constexpr double kLeft = 74;
constexpr double kRight = 18;
constexpr double kTickText = 8.5;
constexpr double kLeastTickGap = 46;
constexpr double kLeastExtentMm = 500;
constexpr double kFarthestMm = 1e7;

const Color kGrid = {226, 229, 234};
const Color kAxis = {150, 155, 165};

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

}  // namespace

bool Drawable(const Vec3& mm) {
  return std::abs(mm[0]) < kFarthestMm && std::abs(mm[1]) < kFarthestMm &&
         std::abs(mm[2]) < kFarthestMm;
}

void Bounds::Add(std::span<const Vec3> points) {
  for (const Vec3& mm : points) {
    if (!Drawable(mm)) continue;
    for (int i = 0; i < 3; ++i) {
      low[i] = empty ? mm[i] : std::min(low[i], mm[i]);
      high[i] = empty ? mm[i] : std::max(high[i], mm[i]);
    }
    empty = false;
  }
}

double Bounds::extent(int axis) const { return std::max(kLeastExtentMm, high[axis] - low[axis]); }

std::vector<Panel> Layout(const Bounds& bounds, std::span<const View> views, const Vec2& low,
                          const Vec2& high) {
  std::vector<Panel> panels(views.size());
  double scale = std::numeric_limits<double>::infinity();
  const double column = (high[0] - low[0]) / static_cast<double>(views.size());
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const View& view = views[i];
    Panel& panel = panels[i];
    panel.low = {low[0] + column * static_cast<double>(i) + kLeft, low[1] + kTitle};
    panel.high = {low[0] + column * static_cast<double>(i + 1) - kRight, high[1] - kBelow};
    panel.middle_mm = {bounds.middle(view.across), bounds.middle(view.down)};
    constexpr double margin = 1.15;
    scale = std::min({scale, (panel.high[0] - panel.low[0]) / (margin * bounds.extent(view.across)),
                      (panel.high[1] - panel.low[1]) / (margin * bounds.extent(view.down))});
  }
  for (Panel& panel : panels) panel.px_per_mm = scale;
  return panels;
}

Vec2 Place(const View& view, const Panel& panel, const Vec3& mm) {
  return {
      (panel.low[0] + panel.high[0]) / 2 + (mm[view.across] - panel.middle_mm[0]) * panel.px_per_mm,
      (panel.low[1] + panel.high[1]) / 2 +
          (mm[view.down] - panel.middle_mm[1]) * view.down_sign * panel.px_per_mm};
}

std::vector<Vec2> Place(const View& view, const Panel& panel, std::span<const Vec3> points) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<Vec2> placed;
  for (const Vec3& mm : points) {
    placed.push_back(Drawable(mm) ? Place(view, panel, mm) : Vec2{nan, nan});
  }
  return placed;
}

std::vector<double> DistanceFromEye(const View& view, std::span<const Vec3> points) {
  std::vector<double> distance;
  for (const Vec3& mm : points) {
    distance.push_back(Drawable(mm) ? mm[view.away] * view.away_sign : 0);
  }
  return distance;
}

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
  std::string title = view.title;
  const double width = panel.high[0] - panel.low[0];
  const double room = width - canvas.TextWidth(view.down_name, kTickText) - kTickText;
  if (canvas.TextWidth(title, kPanelText) > room) title.resize(title.find(','));
  canvas.Text(title, {panel.low[0], panel.low[1] - 8}, kPanelText, kInk);
  canvas.Text(view.down_name, {panel.high[0], panel.low[1] - 8}, kTickText, kSoftInk,
              Align::kRight);
  canvas.Text(view.across_name, {panel.high[0], panel.high[1] + 20 + 2 * kTickText}, kTickText,
              kSoftInk, Align::kRight);
}

}  // namespace cnp::viz
