#include "convnextpose/image/warp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "convnextpose/base/check.h"

namespace cnp::image {
namespace {

// Weights are whole numbers of 2^-kBits each way, so that a pixel is a few products of integers.
constexpr int kBits = 11;
constexpr int kOne = 1 << kBits;
constexpr int kHalf = 1 << (2 * kBits - 1);

// The place between four pixels: the upper left one, and how far on.
struct Place {
  std::ptrdiff_t x = 0;
  std::ptrdiff_t y = 0;
  int right = 0;  // Below kOne.
  int down = 0;
};

Place PlaceOf(double x, double y) {
  const double left = std::floor(x);
  const double top = std::floor(y);
  return {static_cast<std::ptrdiff_t>(left), static_cast<std::ptrdiff_t>(top),
          static_cast<int>((x - left) * kOne), static_cast<int>((y - top) * kOne)};
}

std::uint8_t Blend(int upper_left, int upper_right, int lower_left, int lower_right,
                   const Place& at) {
  const int upper = upper_left * (kOne - at.right) + upper_right * at.right;
  const int lower = lower_left * (kOne - at.right) + lower_right * at.right;
  // 255 * kOne * kOne is the most: it fits.
  return static_cast<std::uint8_t>((upper * (kOne - at.down) + lower * at.down + kHalf) >>
                                   (2 * kBits));
}

void SampleInside(const ImageView& picture, const Place& at, std::uint8_t* out) {
  const std::uint8_t* upper = picture.rgb + at.y * picture.stride + at.x * 3;
  const std::uint8_t* lower = upper + picture.stride;
  for (int c = 0; c < 3; ++c) {
    out[c] = Blend(upper[c], upper[c + 3], lower[c], lower[c + 3], at);
  }
}

void SampleAtBorder(const ImageView& picture, const Place& at, std::uint8_t* out) {
  const auto value = [&](std::ptrdiff_t x, std::ptrdiff_t y, int c) -> int {
    const bool inside = x >= 0 && x < picture.width && y >= 0 && y < picture.height;
    return inside ? picture.rgb[y * picture.stride + x * 3 + c] : 0;
  };
  for (int c = 0; c < 3; ++c) {
    out[c] = Blend(value(at.x, at.y, c), value(at.x + 1, at.y, c), value(at.x, at.y + 1, c),
                   value(at.x + 1, at.y + 1, c), at);
  }
}

}  // namespace

void Warp(const ImageView& picture, const pose::Affine& map, int width, int height,
          std::span<std::uint8_t> out) {
  CNP_CHECK(picture.rgb != nullptr && picture.width > 0 && picture.height > 0,
            "the picture has no pixels");
  CNP_CHECK(width > 0 && height > 0 && out.size() == std::size_t{3} * width * height,
            "the output's size");
  const std::array numbers = {map.xx, map.xy, map.x0, map.yx, map.yy, map.y0};
  CNP_CHECK(std::all_of(numbers.begin(), numbers.end(), [](double n) { return std::isfinite(n); }),
            "the map is not finite");
  std::uint8_t* pixel = out.data();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x, pixel += 3) {
      const pose::Vec2 at = map({static_cast<double>(x), static_cast<double>(y)});
      if (at[0] >= 0 && at[1] >= 0 && at[0] < picture.width - 1 && at[1] < picture.height - 1) {
        SampleInside(picture, PlaceOf(at[0], at[1]), pixel);
      } else if (at[0] > -1 && at[1] > -1 && at[0] < picture.width && at[1] < picture.height) {
        SampleAtBorder(picture, PlaceOf(at[0], at[1]), pixel);
      } else {
        std::fill_n(pixel, 3, std::uint8_t{0});
      }
    }
  }
}

}  // namespace cnp::image
