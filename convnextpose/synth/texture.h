// Pictures to look colours up in, with half-size copies for what is seen from far.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "convnextpose/image/image.h"

namespace cnp::synth {

/// One size of a texture. Texels are bytes red, green, blue, mask from the lowest up.
struct TextureLevel {
  int width = 0;
  int height = 0;
  std::vector<std::uint32_t> texels;  // [height, width]

  [[nodiscard]] std::uint32_t At(int x, int y) const {
    return texels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
};

/// The whole picture first, each next level half as wide and high.
struct Texture {
  std::vector<TextureLevel> levels;

  /// The level of which about one texel falls on a pixel, or up to two.
  [[nodiscard]] const TextureLevel& For(float texels_a_pixel) const;
};

/// `mask`: the fourth byte of each texel, by which shade.h recolours; empty: 0 everywhere.
/// Preconditions: a picture with pixels, and as many in the mask.
Texture MakeTexture(const image::Image& picture, std::span<const std::uint8_t> mask = {});

/// Four bytes, each mixed of four texels' by weights in 1/256ths that sum to 256.
inline std::uint32_t MixTexels(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d,
                               std::uint32_t x, std::uint32_t y) {
  const std::uint32_t wd = x * y >> 8;
  const std::uint32_t wb = x - wd;
  const std::uint32_t wc = y - wd;
  const std::uint32_t wa = 256 - wb - wc - wd;
  constexpr std::uint32_t kEven = 0x00FF00FF;
  const std::uint32_t even =
      (a & kEven) * wa + (b & kEven) * wb + (c & kEven) * wc + (d & kEven) * wd;
  const std::uint32_t odd =
      (a >> 8 & kEven) * wa + (b >> 8 & kEven) * wb + (c >> 8 & kEven) * wc + (d >> 8 & kEven) * wd;
  return (even >> 8 & kEven) | (odd & ~kEven);
}

/// How a texture goes on beyond its edge.
enum class Edges { kRepeat, kMirror, kRepeatAcross };  // The last: across; clamped up and down.

/// Bilinear, at texture coordinates: (0, 0) the upper left corner, (1, 1) the lower right one.
/// Precondition: finite, of magnitude below 1e6.
std::uint32_t Sample(const TextureLevel& level, float u, float v, Edges edges);

}  // namespace cnp::synth
