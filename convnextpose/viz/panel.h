// Looks along the camera's axes, as panels of a drawing with axes in mm: what the 3-D views share.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "convnextpose/pose/vec.h"
#include "convnextpose/viz/canvas.h"

namespace cnp::viz {

inline constexpr double kPanelText = 10;  ///< Height of capitals.
inline const Color kSoftInk = {95, 100, 110};

/// A look along one camera axis: which axis runs across the panel, which down it.
struct View {
  const char* title;  ///< Where there is little room, what stands before the comma.
  int across;
  int down;
  double down_sign;  ///< -1: the axis grows upwards.
  int away;          ///< The axis looked along,
  double away_sign;  ///< and whether it grows away from the eye.
  const char* across_name;
  const char* down_name;
};
/// Front, side and top.
inline constexpr std::array<View, 3> kViews = {{
    {"front, as the camera sees it", 0, 1, 1, 2, 1, "x right (mm)", "y down (mm)"},
    {"side, from the camera's right", 2, 1, 1, 0, -1, "z away (mm)", "y down (mm)"},
    {"top, the camera below", 0, 2, -1, 1, 1, "x right (mm)", "z away (mm)"},
}};

/// Where a view is drawn.
struct Panel {
  pose::Vec2 low{};
  pose::Vec2 high{};
  pose::Vec2 middle_mm{};  ///< The point in the panel's middle, along the view's axes.
  double px_per_mm = 1;
};

/// Finite, and near enough for a pixel's number.
bool Drawable(const pose::Vec3& mm);

/// Around all points that are drawable.
struct Bounds {
  pose::Vec3 low{};
  pose::Vec3 high{};
  bool empty = true;

  void Add(std::span<const pose::Vec3> points);
  [[nodiscard]] double middle(int axis) const { return (low[axis] + high[axis]) / 2; }
  /// At least as much as a small person's.
  [[nodiscard]] double extent(int axis) const;
};

/// Panels side by side between two corners, with room for titles and numbers, all of one scale.
std::vector<Panel> Layout(const Bounds& bounds, std::span<const View> views, const pose::Vec2& low,
                          const pose::Vec2& high);

pose::Vec2 Place(const View& view, const Panel& panel, const pose::Vec3& mm);
/// Of many; NaN for those that are not drawable.
std::vector<pose::Vec2> Place(const View& view, const Panel& panel,
                              std::span<const pose::Vec3> points);
/// How far points are from the view's eye: skeletons are drawn the farthest bone first.
std::vector<double> DistanceFromEye(const View& view, std::span<const pose::Vec3> points);

void DrawAxes(const View& view, const Panel& panel, Canvas& canvas);

}  // namespace cnp::viz
