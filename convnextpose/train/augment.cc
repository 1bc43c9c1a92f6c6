#include "convnextpose/train/augment.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "convnextpose/base/check.h"

namespace cnp::train {
namespace {

constexpr double kLeastAspect = 0.3;  // Of an erased rectangle, height / width.
constexpr double kMostAspect = 1 / kLeastAspect;

struct Rectangle {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

// Shapes that do not fit are drawn again, as in the paper's code; a square of the area always does.
Rectangle DrawRectangle(double max_area, int input, synth::Random& random) {
  constexpr int tries = 100;
  const double area = random.Uniform(0, max_area) * input * input;
  double width = std::sqrt(area);
  double height = width;
  for (int i = 0; i < tries; ++i) {
    const double aspect = random.Uniform(kLeastAspect, kMostAspect);
    if (std::sqrt(area * aspect) >= input || std::sqrt(area / aspect) >= input) continue;
    height = std::sqrt(area * aspect);
    width = std::sqrt(area / aspect);
    break;
  }
  return {static_cast<int>(random.Unit() * (input - width)),
          static_cast<int>(random.Unit() * (input - height)), static_cast<int>(width),
          static_cast<int>(height)};
}

}  // namespace

Look DrawLook(const Augmentation& augmentation, synth::Random random) {
  Look look;
  look.scale = 1 + augmentation.scale * std::clamp(random.Normal(), -1.0, 1.0);
  const double turn = augmentation.rotation_degrees * std::clamp(random.Normal(), -2.0, 2.0);
  if (random.Chance(augmentation.rotation_probability)) look.rotation_degrees = turn;
  look.flip = random.Chance(augmentation.flip_probability);
  look.shift_x = augmentation.shift * random.Uniform(-1, 1);
  look.shift_y = augmentation.shift * random.Uniform(-1, 1);
  return look;
}

pose::Affine PictureFromLook(const pose::Box& box, const Look& look, int input) {
  CNP_CHECK(input > 0 && box.w > 0 && box.h > 0 && look.scale > 0, "nothing to look at");
  const double angle = look.rotation_degrees * std::numbers::pi / 180;
  const double across = (look.flip ? -1 : 1) * look.scale * box.w / input;
  const double down = look.scale * box.h / input;
  pose::Affine map{.xx = across * std::cos(angle),
                   .xy = -down * std::sin(angle),
                   .yx = across * std::sin(angle),
                   .yy = down * std::cos(angle)};
  const double middle = input / 2.0;
  map.x0 = box.center()[0] + look.shift_x * box.w - (map.xx + map.xy) * middle;
  map.y0 = box.center()[1] + look.shift_y * box.h - (map.yx + map.yy) * middle;
  return map;
}

std::array<double, 3> DrawColor(const Augmentation& augmentation, synth::Random random) {
  std::array<double, 3> factors{};
  for (double& factor : factors) {
    factor = random.Uniform(1 - augmentation.color, 1 + augmentation.color);
  }
  return factors;
}

void Recolor(const std::array<double, 3>& factors, std::span<std::uint8_t> rgb) {
  std::array<std::array<std::uint8_t, 256>, 3> table{};
  for (std::size_t c = 0; c < 3; ++c) {
    for (int value = 0; value < 256; ++value) {
      table[c][value] = static_cast<std::uint8_t>(std::clamp(value * factors[c] + 0.5, 0.0, 255.0));
    }
  }
  for (std::size_t i = 0; i + 2 < rgb.size(); i += 3) {
    for (std::size_t c = 0; c < 3; ++c) rgb[i + c] = table[c][rgb[i + c]];
  }
}

void Erase(const Augmentation& augmentation, synth::Random random, int input,
           std::span<std::uint8_t> rgb) {
  CNP_CHECK(rgb.size() == std::size_t{3} * input * input, "the crop's size");
  if (!random.Chance(augmentation.erase_probability)) return;
  const Rectangle hole = DrawRectangle(augmentation.max_erased, input, random);
  std::uint64_t bits = 0;
  int left = 0;  // Bytes of `bits`.
  for (int y = hole.top; y < hole.top + hole.height; ++y) {
    std::uint8_t* row = rgb.data() + (std::size_t{3} * y * input + std::size_t{3} * hole.left);
    for (int i = 0; i < 3 * hole.width; ++i, bits >>= 8, --left) {
      if (left == 0) {
        bits = random.Next();
        left = 8;
      }
      row[i] = static_cast<std::uint8_t>(bits);
    }
  }
}

void HideHead(const Augmentation& augmentation, synth::Random random, const HeadPlace& head,
              int input, std::span<std::uint8_t> rgb) {
  CNP_CHECK(rgb.size() == std::size_t{3} * input * input, "the crop's size");
  if (!random.Chance(augmentation.head_probability)) return;
  const double up_x = head.top[0] - head.neck[0];
  const double up_y = head.top[1] - head.neck[1];
  const double length = std::hypot(up_x, up_y);
  if (!(length >= 1) || length > input) return;  // Too small to hide, or no head.
  enum Kind { kCoarse, kColor, kCap, kKinds };
  const int kind = random.Pick(kKinds);
  const double radius = length * random.Uniform(0.45, 0.7);
  const double center_x = (head.neck[0] + head.top[0]) / 2 + 0.1 * up_x;
  const double center_y = (head.neck[1] + head.top[1]) / 2 + 0.1 * up_y;
  const int square = std::max(2, static_cast<int>(radius * random.Uniform(0.3, 1.2)));
  std::array<int, 3> color{};
  for (int& channel : color) channel = random.Pick(256);
  const auto covered = [&](int x, int y) {
    const double dx = x + 0.5 - center_x;
    const double dy = y + 0.5 - center_y;
    return dx * dx + dy * dy <= radius * radius &&
           (kind != kCap || dx * up_x + dy * up_y > 0.1 * length * radius);
  };
  const auto from = [&](double center) { return static_cast<int>(std::floor(center - radius)); };
  const auto to = [&](double center) { return static_cast<int>(std::ceil(center + radius)); };
  for (int top = from(center_y); top < to(center_y); top += square) {
    for (int left = from(center_x); left < to(center_x); left += square) {
      const int x0 = std::clamp(left, 0, input);
      const int y0 = std::clamp(top, 0, input);
      const int x1 = std::clamp(left + square, 0, input);
      const int y1 = std::clamp(top + square, 0, input);
      if (x0 >= x1 || y0 >= y1) continue;
      const auto pixel = [&](int x, int y) { return &rgb[std::size_t{3} * (y * input + x)]; };
      if (kind == kCoarse) {
        color = {};
        for (int y = y0; y < y1; ++y) {
          for (int x = x0; x < x1; ++x) {
            for (std::size_t c = 0; c < 3; ++c) color[c] += pixel(x, y)[c];
          }
        }
        for (int& channel : color) channel /= (x1 - x0) * (y1 - y0);
      }
      for (int y = y0; y < y1; ++y) {
        for (int x = x0; x < x1; ++x) {
          if (!covered(x, y)) continue;
          for (std::size_t c = 0; c < 3; ++c) pixel(x, y)[c] = static_cast<std::uint8_t>(color[c]);
        }
      }
    }
  }
}

}  // namespace cnp::train
