// Points of two and three coordinates, in double precision; the frame and unit stand in the name
// of whatever holds one (image_px, camera_mm, heatmap).
#pragma once

#include <array>
#include <cmath>

namespace cnp::pose {

using Vec2 = std::array<double, 2>;  // x right, y down
using Vec3 = std::array<double, 3>;  // x right, y down, z forward

inline Vec3 operator-(const Vec3& a, const Vec3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

/// NaN if a coordinate is: g++ 12's hypot of three numbers overlooks one beside two zeros.
inline double Norm(const Vec3& a) { return std::hypot(std::hypot(a[0], a[1]), a[2]); }

inline bool IsFinite(const Vec2& a) { return std::isfinite(a[0]) && std::isfinite(a[1]); }
inline bool IsFinite(const Vec3& a) {
  return std::isfinite(a[0]) && std::isfinite(a[1]) && std::isfinite(a[2]);
}

}  // namespace cnp::pose
