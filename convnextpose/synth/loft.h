// Closed tubes around a line: what procedural bodies are made of.
#pragma once

#include <Eigen/Geometry>
#include <functional>
#include <vector>

namespace cnp::synth {

/// A cross-section: half an ellipse in front, half one behind.
struct Section {
  float t = 0;  ///< Along the line, rising; metres as a rule.
  Eigen::Vector3f center = Eigen::Vector3f::Zero();
  float across = 0;
  float front = 0;
  float back = 0;
};

/// From the end of the last one (or the beginning) on, up to `until`, the tube is made of this.
struct Cover {
  float until = 0;
  int material = 0;
  float inflate = 0;  ///< Added to the radii, metres.
};

struct Loft {
  std::vector<Section> sections;  ///< Two at least.
  Eigen::Vector3f across = Eigen::Vector3f::UnitX();
  Eigen::Vector3f front = Eigen::Vector3f::UnitZ();
  int segments = 12;          ///< Around.
  int rings = 12;             ///< Along, about.
  float round_begin = 0.01F;  ///< Metres over which the ends close.
  float round_end = 0.01F;
  float squareness = 2;       ///< Exponent of the ellipse: 2 is round, more is boxier.
  std::vector<Cover> covers;  ///< The last one reaches the end.
  /// Moves points after all else; may be empty.
  std::function<Eigen::Vector3f(const Eigen::Vector3f&)> mould;
};

struct LoftMesh {
  std::vector<Eigen::Vector3f> positions;
  std::vector<Eigen::Vector2f> places;  ///< Around (0.5 is the front), along; 0..1.
  std::vector<std::uint32_t> indices;   ///< Outside is where triangles run counter-clockwise.
  std::vector<int> materials;           ///< Of each triangle.
  std::vector<std::uint32_t> welded;    ///< Of each vertex, the first one at the same point.
};

/// A closed surface: every edge belongs to two triangles, seen by `welded`.
LoftMesh BuildLoft(const Loft& loft);

/// Interpolated without overshoot.
Section SectionAt(const std::vector<Section>& sections, float t);

/// 0 below `low`, 1 above `high`, smooth between.
inline float Ramp(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

}  // namespace cnp::synth
