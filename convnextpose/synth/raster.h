// What is seen where: triangles drawn into a grid that keeps the nearest one of each cell. Colours
// come later, once a cell (shade.h), for most of a body's triangles are smaller than a pixel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace cnp::synth {

/// A corner on the grid. `nearness` must be affine over the screen and larger for what is nearer:
/// 1/depth in a perspective view, -depth in a parallel one.
struct ScreenVertex {
  float x = 0;
  float y = 0;
  float nearness = 0;
};

/// The nearest triangle of every cell. Cell (x, y) is sampled at (x, y).
struct Visibility {
  static constexpr std::uint32_t kNothing = 0xFFFFFFFF;

  int width = 0;
  int height = 0;
  std::vector<float> nearness;     // [height, width]
  std::vector<std::uint32_t> ids;  // [height, width]

  /// Nothing anywhere. Keeps memory.
  void Reset(int new_width, int new_height);
  [[nodiscard]] std::size_t At(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }
};

/// Draws one triangle, either side. Corners that are not finite draw nothing.
void DrawTriangle(const ScreenVertex& a, const ScreenVertex& b, const ScreenVertex& c,
                  std::uint32_t id, Visibility& out);

/// A corner before division: the screen position is (x/w, y/w), w the depth.
struct HomogeneousVertex {
  float x = 0;
  float y = 0;
  float w = 0;
};

/// Nothing nearer is drawn, metres.
inline constexpr float kNearPlane = 0.05F;

/// Draws triangles of a perspective view, cut at the near plane; `screen` has the quotients of
/// `corners` (of those beyond the near plane). Triangle t gets the id first_id + t.
/// Precondition: indices are triples below corners.size().
void DrawMesh(std::span<const HomogeneousVertex> corners, std::span<const ScreenVertex> screen,
              std::span<const std::uint32_t> indices, std::uint32_t first_id, Visibility& out);

}  // namespace cnp::synth
