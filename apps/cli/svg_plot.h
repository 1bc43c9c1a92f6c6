// Small plots as inline SVG, for pages that must stand alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cnp::cli {

/// `text` as the content of an element or an attribute of HTML or SVG.
std::string EscapeHtml(std::string_view text);

/// A colour for the n-th of several things, told apart by most eyes; they repeat after eight.
std::string_view SeriesColour(std::size_t n);

struct Series {
  std::string name;
  std::vector<double> values;  ///< One a row; NaN where there is none.
};

/// One row a name, one dot a series: how far each is along a common axis, which need not begin at
/// 0.
struct DotPlot {
  std::string axis;
  std::vector<std::string> rows;
  std::vector<Series> series;
  bool percent = false;  ///< Values are shares.
};
std::string ToSvg(const DotPlot& plot);

struct ScatterPoint {
  std::string name;
  double x = 0;
  double y = 0;
  double low = 0;  ///< Of a whisker through y; NaN: none.
  double high = 0;
  double reference = 0;  ///< A hollow dot at this height; NaN: none.
};

/// Points in the colours of their order, with their names beside them. Those that are not finite
/// are left out.
struct ScatterPlot {
  std::string x_axis;
  std::string y_axis;
  std::vector<ScatterPoint> points;
  bool percent = false;  ///< y are shares.
};
std::string ToSvg(const ScatterPlot& plot);

struct LinePoint {
  double x = 0;
  double y = 0;
};

/// Points in ascending x, joined; those that are not finite are left out.
struct LineSeries {
  std::string name;
  std::vector<LinePoint> points;
};

/// Several things along one axis, in the colours of their order, with a legend where there are
/// several. A long series is thinned to means of neighbours.
struct LinePlot {
  std::string x_axis;
  std::string y_axis;
  std::vector<LineSeries> series;
  bool percent = false;  ///< y are shares.
};
std::string ToSvg(const LinePlot& plot);

}  // namespace cnp::cli
