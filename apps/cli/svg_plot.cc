#include "apps/cli/svg_plot.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

namespace cnp::cli {
namespace {

// Okabe and Ito's colours, which the colour-blind tell apart, without the yellow that paper hides.
constexpr std::array<std::string_view, 8> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#56b4e9", "#8a6d00", "#5b3fa0", "#444444"};
constexpr double kWidth = 720;  // Pixels, as everything here.
constexpr double kRowHeight = 26;
constexpr double kLabelWidth = 132;
constexpr double kRight = 24;
constexpr double kTop = 10;
constexpr double kAxisHeight = 46;
constexpr double kScatterHeight = 340;
constexpr double kScatterLeft = 64;
constexpr double kTickGap = 80;  // Of an axis across; down it labels need less.
constexpr double kTickGapDown = 40;
constexpr double kSeriesOffset = 2.5;  // Between dots of one row, so that equal ones all show.
constexpr double kLabelHeight = 14;
constexpr double kLineHeight = 280;
constexpr std::size_t kMostPoints = 400;  // Of a line: more than there are pixels help nobody.

/// A range of values laid along a line of pixels.
struct Axis {
  double low = 0;
  double high = 1;
  double from = 0;
  double to = 1;

  [[nodiscard]] double operator()(double value) const {
    return from + (value - low) / (high - low) * (to - from);
  }
};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void Add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  [[nodiscard]] bool empty() const { return low > high; }
};

// Some air around the values; an axis begins at 0 where that is not far away.
Axis Fit(const Range& range, double from, double to) {
  if (range.empty()) return {0, 1, from, to};
  const double extent = std::max(range.high - range.low, 0.02 * std::abs(range.high) + 1e-9);
  Axis axis = {range.low - 0.08 * extent, range.high + 0.08 * extent, from, to};
  if (range.low >= 0 && range.low < 0.6 * range.high) axis.low = 0;
  return axis;
}

// The least of 1, 2, 5, 10, ... times a power of ten that keeps ticks apart.
double TickStep(const Axis& axis) {
  const double gap = axis.to > axis.from ? kTickGap : kTickGapDown;
  const double least = (axis.high - axis.low) * gap / std::abs(axis.to - axis.from);
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least) return factor * power;
  }
  return 10 * power;
}

std::vector<double> Ticks(const Axis& axis) {
  const double step = TickStep(axis);
  std::vector<double> ticks;
  const double first = std::ceil(axis.low / step);
  for (double k = first; k * step <= axis.high && ticks.size() < 100; ++k)
    ticks.push_back(k * step);
  return ticks;
}

std::string Label(double value, bool percent) {
  const double shown = percent ? 100 * value : value;
  return fmt::format("{:.4g}{}", std::abs(shown) < 1e-9 ? 0 : shown, percent ? " %" : "");
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view style) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1,
                     x2, y2, style);
}

std::string Text(double x, double y, std::string_view anchor, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                     EscapeHtml(text));
}

std::string Dot(double x, double y, std::string_view colour, const std::string& tooltip) {
  return fmt::format(
      "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\" fill-opacity=\"0.85\">"
      "<title>{}</title></circle>\n",
      x, y, colour, EscapeHtml(tooltip));
}

std::string Begin(double height, const std::string& title) {
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth, height,
                     EscapeHtml(title));
}

std::string DotRow(const DotPlot& plot, std::size_t row, const Axis& x, double y) {
  std::string svg = Text(kLabelWidth - 12, y + 4, "end", plot.rows[row]);
  Range range;
  for (const Series& series : plot.series) range.Add(series.values[row]);
  if (range.empty()) return svg;
  svg += Line(x(range.low), y, x(range.high), y, "class=\"span\"");
  for (std::size_t s = 0; s < plot.series.size(); ++s) {
    const double value = plot.series[s].values[row];
    if (!std::isfinite(value)) continue;
    const std::string label =
        fmt::format("{:.2f}{}", plot.percent ? 100 * value : value, plot.percent ? " %" : " mm");
    const double middle = static_cast<double>(plot.series.size() - 1) / 2;
    svg += Dot(x(value), y + kSeriesOffset * (static_cast<double>(s) - middle), SeriesColour(s),
               plot.rows[row] + ", " + plot.series[s].name + ": " + label);
  }
  return svg;
}

/// Where names may go so that none covers another.
class LabelPlaces {
 public:
  /// The height nearest to `y` that is free around x.
  double Take(double x, double y) {
    constexpr double near = 90;
    bool moved = true;
    for (int tries = 0; moved && tries < 50; ++tries) {
      moved = false;
      for (const auto& [other_x, other_y] : taken_) {
        if (std::abs(other_x - x) > near || std::abs(other_y - y) >= kLabelHeight) continue;
        y = other_y + kLabelHeight;
        moved = true;
      }
    }
    taken_.emplace_back(x, y);
    return y;
  }

 private:
  std::vector<std::pair<double, double>> taken_;
};

std::string ScatterDot(const ScatterPoint& point, std::size_t n, const ScatterPlot& plot,
                       const Axis& x, const Axis& y, LabelPlaces& labels) {
  const std::string_view colour = SeriesColour(n);
  const double at = x(point.x);
  std::string svg;
  if (std::isfinite(point.low) && std::isfinite(point.high)) {
    svg += Line(at, y(point.low), at, y(point.high),
                fmt::format("stroke=\"{}\" stroke-width=\"2\"", colour));
  }
  if (std::isfinite(point.reference)) {
    svg += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"8\" fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"1.5\"><title>{}, published: {}</title></circle>\n",
        at, y(point.reference), colour, EscapeHtml(point.name),
        Label(point.reference, plot.percent));
  }
  svg += Dot(at, y(point.y), colour,
             fmt::format("{}: {}, {:.4g}", point.name, Label(point.y, plot.percent), point.x));
  const bool left = at > kWidth - 160;
  const double side = left ? -13 : 13;
  return svg + Text(at + side, labels.Take(at, y(point.y) + 4), left ? "end" : "start", point.name);
}

template <typename Point>
bool IsFinite(const Point& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

// Grid and ticks of both axes, and what they are called.
std::string Frame(const Axis& x, const Axis& y, double bottom, const std::string& x_axis,
                  const std::string& y_axis, bool percent) {
  std::string svg;
  for (const double tick : Ticks(x)) {
    svg += Line(x(tick), y.to, x(tick), bottom, "class=\"grid\"");
    svg += Text(x(tick), bottom + 18, "middle", Label(tick, false));
  }
  for (const double tick : Ticks(y)) {
    svg += Line(x.from, y(tick), x.to, y(tick), "class=\"grid\"");
    svg += Text(x.from - 8, y(tick) + 4, "end", Label(tick, percent));
  }
  svg += Text(x.to, bottom + 38, "end", x_axis);
  return svg + Text(8, kTop + 6, "start", y_axis);
}

// Means of so many neighbours that few points are left.
std::vector<LinePoint> Thinned(const std::vector<LinePoint>& points) {
  std::vector<LinePoint> finite;
  std::copy_if(points.begin(), points.end(), std::back_inserter(finite), IsFinite<LinePoint>);
  const std::size_t group = (finite.size() + kMostPoints - 1) / kMostPoints;
  if (group <= 1) return finite;
  std::vector<LinePoint> thinned;
  for (std::size_t first = 0; first < finite.size(); first += group) {
    const std::size_t end = std::min(finite.size(), first + group);
    LinePoint sum;
    for (std::size_t i = first; i < end; ++i) {
      sum.x += finite[i].x;
      sum.y += finite[i].y;
    }
    const auto count = static_cast<double>(end - first);
    thinned.push_back({sum.x / count, sum.y / count});
  }
  return thinned;
}

std::string Polyline(const std::vector<LinePoint>& points, const Axis& x, const Axis& y,
                     std::string_view colour, const std::string& name) {
  if (points.size() == 1) return Dot(x(points[0].x), y(points[0].y), colour, name);
  std::string svg = "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"";
  svg += std::string(colour) + "\" points=\"";
  for (const LinePoint& point : points)
    svg += fmt::format("{:.1f},{:.1f} ", x(point.x), y(point.y));
  return svg + "\"><title>" + EscapeHtml(name) + "</title></polyline>\n";
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string_view SeriesColour(std::size_t n) { return kColours[n % kColours.size()]; }

std::string ToSvg(const DotPlot& plot) {
  Range range;
  for (const Series& series : plot.series) {
    for (const double value : series.values) range.Add(value);
  }
  const Axis x = Fit(range, kLabelWidth, kWidth - kRight);
  const double bottom = kTop + kRowHeight * static_cast<double>(plot.rows.size());
  std::string svg = Begin(bottom + kAxisHeight, plot.axis);
  for (const double tick : Ticks(x)) {
    svg += Line(x(tick), kTop, x(tick), bottom, "class=\"grid\"");
    svg += Text(x(tick), bottom + 18, "middle", Label(tick, plot.percent));
  }
  svg += Text(kWidth - kRight, bottom + 38, "end", plot.axis);
  for (std::size_t row = 0; row < plot.rows.size(); ++row) {
    svg += DotRow(plot, row, x, kTop + kRowHeight * (static_cast<double>(row) + 0.5));
  }
  return svg + "</svg>\n";
}

std::string ToSvg(const ScatterPlot& plot) {
  Range x_range;
  Range y_range;
  for (const ScatterPoint& point : plot.points) {
    if (!IsFinite(point)) continue;
    x_range.Add(point.x);
    for (const double value : {point.y, point.low, point.high, point.reference}) y_range.Add(value);
  }
  const double bottom = kScatterHeight - kAxisHeight;
  const Axis x = Fit(x_range, kScatterLeft, kWidth - kRight);
  const Axis y = Fit(y_range, bottom, kTop + 20);
  std::string svg = Begin(kScatterHeight, plot.y_axis + " against " + plot.x_axis);
  svg += Frame(x, y, bottom, plot.x_axis, plot.y_axis, plot.percent);
  LabelPlaces labels;
  for (std::size_t n = 0; n < plot.points.size(); ++n) {
    if (IsFinite(plot.points[n])) svg += ScatterDot(plot.points[n], n, plot, x, y, labels);
  }
  return svg + "</svg>\n";
}

std::string ToSvg(const LinePlot& plot) {
  constexpr double legend_width = 150;
  std::vector<std::vector<LinePoint>> lines;
  Range x_range;
  Range y_range;
  for (const LineSeries& series : plot.series) {
    for (const LinePoint& point : lines.emplace_back(Thinned(series.points))) {
      x_range.Add(point.x);
      y_range.Add(point.y);
    }
  }
  const double bottom = kLineHeight - kAxisHeight;
  const Axis x = Fit(x_range, kScatterLeft, kWidth - kRight);
  const Axis y = Fit(y_range, bottom, kTop + 20);
  std::string svg = Begin(kLineHeight, plot.y_axis + " against " + plot.x_axis);
  svg += Frame(x, y, bottom, plot.x_axis, plot.y_axis, plot.percent);
  for (std::size_t n = 0; n < lines.size(); ++n) {
    const std::string& name = plot.series[n].name;
    if (!lines[n].empty()) svg += Polyline(lines[n], x, y, SeriesColour(n), name);
    if (lines.size() < 2) continue;
    const double left = kWidth - kRight - legend_width * static_cast<double>(lines.size() - n);
    svg += Dot(left, kTop, SeriesColour(n), name) + Text(left + 10, kTop + 4, "start", name);
  }
  return svg + "</svg>\n";
}

}  // namespace cnp::cli
