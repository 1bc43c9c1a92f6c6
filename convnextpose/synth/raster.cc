#include "convnextpose/synth/raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace cnp::synth {
namespace {

// Nearness over the screen.
struct Plane {
  float at_origin = 0;
  float along_x = 0;
  float along_y = 0;
};

Plane NearnessOf(const ScreenVertex& a, const ScreenVertex& b, const ScreenVertex& c,
                 float inverse_area) {
  const float q1 = b.nearness - a.nearness;
  const float q2 = c.nearness - a.nearness;
  Plane plane;
  plane.along_x = (q1 * (c.y - a.y) - q2 * (b.y - a.y)) * inverse_area;
  plane.along_y = (q2 * (b.x - a.x) - q1 * (c.x - a.x)) * inverse_area;
  plane.at_origin = a.nearness;
  return plane;
}

// An edge from its upper to its lower end: neighbours that share it compute the same bits, so that
// no cell between them is missed.
struct Edge {
  float x = 0;
  float y = 0;
  float slope = 0;

  Edge(const ScreenVertex& upper, const ScreenVertex& lower) : x(upper.x), y(upper.y), slope(0) {
    const float height = lower.y - upper.y;
    if (height > 0) slope = (lower.x - upper.x) / height;
  }
  [[nodiscard]] float At(float row) const { return x + (row - y) * slope; }
};

// Without branches on the data, so that compilers vectorise it.
void FillSpan(float first, float step, std::uint32_t id, int count, float* nearness,
              std::uint32_t* ids) {
  for (int i = 0; i < count; ++i) {
    const float value = first + static_cast<float>(i) * step;
    const bool nearer = value > nearness[i];
    nearness[i] = nearer ? value : nearness[i];
    ids[i] = nearer ? id : ids[i];
  }
}

// Of what is not negative; std::ceil is a function call before SSE4.1.
int Ceiling(float value) {
  const int whole = static_cast<int>(value);
  return whole + static_cast<int>(static_cast<float>(whole) < value);
}

struct Rows {
  int first = 0;
  int last = 0;
};

// Comparisons with NaN are false: such triangles have no rows.
bool Clip(float low, float high, int size, Rows& rows) {
  if (!(low <= static_cast<float>(size - 1)) || !(high >= 0)) return false;
  rows.first = Ceiling(std::max(low, 0.0F));
  rows.last = static_cast<int>(std::min(high, static_cast<float>(size - 1)));
  return rows.first <= rows.last;
}

HomogeneousVertex Between(const HomogeneousVertex& a, const HomogeneousVertex& b) {
  const float t = (kNearPlane - a.w) / (b.w - a.w);
  return {a.x + t * (b.x - a.x), a.y + t * (b.y - a.y), kNearPlane};
}

ScreenVertex OnScreen(const HomogeneousVertex& corner) {
  const float nearness = 1 / corner.w;
  return {corner.x * nearness, corner.y * nearness, nearness};
}

// The part beyond the near plane: a triangle, a quadrangle or nothing.
void DrawCut(const std::array<HomogeneousVertex, 3>& corners, std::uint32_t id, Visibility& out) {
  std::array<ScreenVertex, 4> kept;
  std::size_t count = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const HomogeneousVertex& here = corners[i];
    const HomogeneousVertex& next = corners[(i + 1) % 3];
    if (here.w >= kNearPlane) kept[count++] = OnScreen(here);
    if ((here.w >= kNearPlane) != (next.w >= kNearPlane)) {
      kept[count++] = OnScreen(Between(here, next));
    }
  }
  for (std::size_t i = 2; i < count; ++i) DrawTriangle(kept[0], kept[i - 1], kept[i], id, out);
}

}  // namespace

void Visibility::Reset(int new_width, int new_height) {
  width = new_width;
  height = new_height;
  const std::size_t cells = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  nearness.assign(cells, -std::numeric_limits<float>::max());
  ids.assign(cells, kNothing);
}

void DrawTriangle(const ScreenVertex& a, const ScreenVertex& b, const ScreenVertex& c,
                  std::uint32_t id, Visibility& out) {
  Rows columns;
  Rows rows;
  if (!Clip(std::min({a.x, b.x, c.x}), std::max({a.x, b.x, c.x}), out.width, columns)) return;
  if (!Clip(std::min({a.y, b.y, c.y}), std::max({a.y, b.y, c.y}), out.height, rows)) return;
  const float area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
  if (!(std::abs(area) > 1e-12F)) return;
  const Plane plane = NearnessOf(a, b, c, 1 / area);

  const ScreenVertex* upper = &a;
  const ScreenVertex* middle = &b;
  const ScreenVertex* lower = &c;
  if (middle->y < upper->y) std::swap(middle, upper);
  if (lower->y < upper->y) std::swap(lower, upper);
  if (lower->y < middle->y) std::swap(lower, middle);
  const Edge whole(*upper, *lower);
  const Edge above(*upper, *middle);
  const Edge below(*middle, *lower);

  for (int row = rows.first; row <= rows.last; ++row) {
    const auto y = static_cast<float>(row);
    float left = whole.At(y);
    float right = (y < middle->y ? above : below).At(y);
    if (left > right) std::swap(left, right);
    const int first = Ceiling(std::max(left, static_cast<float>(columns.first)));
    const int last = static_cast<int>(std::min(right, static_cast<float>(columns.last)));
    if (right < 0 || first > last) continue;
    const float start = plane.at_origin + plane.along_x * (static_cast<float>(first) - a.x) +
                        plane.along_y * (y - a.y);
    const std::size_t at = out.At(first, row);
    FillSpan(start, plane.along_x, id, last - first + 1, &out.nearness[at], &out.ids[at]);
  }
}

void DrawMesh(std::span<const HomogeneousVertex> corners, std::span<const ScreenVertex> screen,
              std::span<const std::uint32_t> indices, std::uint32_t first_id, Visibility& out) {
  for (std::size_t i = 0; i + 2 < indices.size(); i += 3, ++first_id) {
    const std::uint32_t a = indices[i];
    const std::uint32_t b = indices[i + 1];
    const std::uint32_t c = indices[i + 2];
    if (std::min({corners[a].w, corners[b].w, corners[c].w}) >= kNearPlane) {
      DrawTriangle(screen[a], screen[b], screen[c], first_id, out);
    } else {
      DrawCut({corners[a], corners[b], corners[c]}, first_id, out);
    }
  }
}

}  // namespace cnp::synth
