#include "convnextpose/synth/texture.h"

#include <algorithm>
#include <utility>

#include "convnextpose/base/check.h"

namespace cnp::synth {
namespace {

TextureLevel FirstLevel(const image::Image& picture, std::span<const std::uint8_t> mask) {
  TextureLevel level{.width = picture.width, .height = picture.height, .texels = {}};
  level.texels.resize(picture.rgb.size() / 3);
  for (std::size_t i = 0; i < level.texels.size(); ++i) {
    const std::uint8_t* rgb = &picture.rgb[3 * i];
    const std::uint32_t fourth = mask.empty() ? 0 : mask[i];
    level.texels[i] = static_cast<std::uint32_t>(rgb[0] | rgb[1] << 8 | rgb[2] << 16) | fourth
                                                                                            << 24;
  }
  return level;
}

TextureLevel Halved(const TextureLevel& from) {
  TextureLevel level{
      .width = std::max(from.width / 2, 1), .height = std::max(from.height / 2, 1), .texels = {}};
  level.texels.reserve(static_cast<std::size_t>(level.width) *
                       static_cast<std::size_t>(level.height));
  for (int y = 0; y < level.height; ++y) {
    const int below = std::min(2 * y + 1, from.height - 1);
    for (int x = 0; x < level.width; ++x) {
      const int right = std::min(2 * x + 1, from.width - 1);
      level.texels.push_back(MixTexels(from.At(2 * x, 2 * y), from.At(right, 2 * y),
                                       from.At(2 * x, below), from.At(right, below), 128, 128));
    }
  }
  return level;
}

int Floor(float value) {
  const int whole = static_cast<int>(value);
  return whole - static_cast<int>(static_cast<float>(whole) > value);
}

int Repeat(int at, int size) {
  if (at >= 0 && at < size) return at;
  const int rest = at % size;
  return rest < 0 ? rest + size : rest;
}

int Mirror(int at, int size) {
  const int twice = Repeat(at, 2 * size);
  return twice < size ? twice : 2 * size - 1 - twice;
}

}  // namespace

const TextureLevel& Texture::For(float texels_a_pixel) const {
  std::size_t level = 0;
  while (texels_a_pixel > 1.5F && level + 1 < levels.size()) {
    texels_a_pixel /= 2;
    ++level;
  }
  return levels[level];
}

Texture MakeTexture(const image::Image& picture, std::span<const std::uint8_t> mask) {
  CNP_CHECK(picture.width > 0 && picture.height > 0, "a texture needs pixels");
  CNP_CHECK(mask.empty() || mask.size() == picture.rgb.size() / 3, "a mask of another size");
  Texture texture;
  texture.levels.push_back(FirstLevel(picture, mask));
  while (std::max(texture.levels.back().width, texture.levels.back().height) > 1) {
    texture.levels.push_back(Halved(texture.levels.back()));
  }
  return texture;
}

std::uint32_t Sample(const TextureLevel& level, float u, float v, Edges edges) {
  const float x = u * static_cast<float>(level.width) - 0.5F;
  const float y = v * static_cast<float>(level.height) - 0.5F;
  int left = Floor(x);
  int top = Floor(y);
  const auto weight_x = static_cast<std::uint32_t>((x - static_cast<float>(left)) * 256);
  const auto weight_y = static_cast<std::uint32_t>((y - static_cast<float>(top)) * 256);
  int right = left + 1;
  int below = top + 1;
  if (edges == Edges::kMirror) {
    left = Mirror(left, level.width);
    right = Mirror(right, level.width);
    top = Mirror(top, level.height);
    below = Mirror(below, level.height);
  } else {
    left = Repeat(left, level.width);
    right = Repeat(right, level.width);
    if (edges == Edges::kRepeat) {
      top = Repeat(top, level.height);
      below = Repeat(below, level.height);
    } else {
      top = std::clamp(top, 0, level.height - 1);
      below = std::clamp(below, 0, level.height - 1);
    }
  }
  return MixTexels(level.At(left, top), level.At(right, top), level.At(left, below),
                   level.At(right, below), weight_x, weight_y);
}

}  // namespace cnp::synth
