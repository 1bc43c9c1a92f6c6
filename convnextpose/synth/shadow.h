// What keeps light off: a map of depths seen from the sun, and how much of the sky each spot of the
// floor sees.
#pragma once

#include <Eigen/Geometry>
#include <span>
#include <vector>

#include "convnextpose/synth/raster.h"

namespace cnp::synth {

/// Depths from the sun around the origin of the world.
class SunShadow {
 public:
  static constexpr int kSize = 256;

  /// Nothing casts a shadow until Add. `reach_m`: how far from the origin things cast shadows.
  void Reset(const Eigen::Vector3f& to_sun, float reach_m);
  void Add(std::span<const Eigen::Vector3f> positions, std::span<const std::uint32_t> indices);

  /// The share of sunlight that reaches a point, 0..1, soft over a cell of the map.
  [[nodiscard]] float LightAt(const Eigen::Vector3f& point) const;

 private:
  Eigen::Matrix3f map_from_world_ = Eigen::Matrix3f::Identity();  // x, y in cells, nearness in m.
  Visibility map_;
  std::vector<ScreenVertex> corners_;
};

/// How much of the sky the floor sees: darker where something is close above it.
class FloorShade {
 public:
  static constexpr int kSize = 64;
  static constexpr float kReach = 2.5F;  ///< Metres from the origin to each side.

  void Reset();
  void Add(std::span<const Eigen::Vector3f> positions);
  void Finish();

  /// 0..1; 1 beyond its reach.
  [[nodiscard]] float SkyAt(float x, float z) const;

 private:
  std::vector<float> cover_;
};

}  // namespace cnp::synth
