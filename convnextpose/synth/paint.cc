#include "convnextpose/synth/paint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace cnp::synth {
namespace {

using Color = std::array<double, 3>;

Color RandomColor(Random& random) {
  const double grey = random.Uniform(20, 235);
  const double strength = random.Chance(0.4) ? random.Uniform(20, 120) : random.Uniform(0, 25);
  Color color{};
  for (double& c : color) c = std::clamp(grey + random.Uniform(-strength, strength), 0.0, 255.0);
  return color;
}

Color Mix(const Color& a, const Color& b, double share) {
  return {a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), a[2] + share * (b[2] - a[2])};
}

// Smooth noise of several sizes, 0..1: a sum of value noises.
class Clouds {
 public:
  explicit Clouds(Random& random) : seed_(random.Next()) {}

  [[nodiscard]] double At(double x, double y) const {
    double sum = 0;
    double weight = 0.5;
    for (std::uint64_t octave = 0; octave < 4; ++octave) {
      sum += weight * Value(x, y, octave);
      weight /= 2;
      x *= 2;
      y *= 2;
    }
    return sum / 0.9375;
  }

 private:
  [[nodiscard]] double Corner(std::int64_t x, std::int64_t y, std::uint64_t octave) const {
    const std::uint64_t key = static_cast<std::uint64_t>(x) * 0x9E3779B1 ^
                              static_cast<std::uint64_t>(y) << 32 ^ octave << 60;
    return static_cast<double>(Scramble(key ^ seed_) >> 11) * 0x1p-53;
  }
  [[nodiscard]] double Value(double x, double y, std::uint64_t octave) const {
    const double left = std::floor(x);
    const double top = std::floor(y);
    const auto i = static_cast<std::int64_t>(left);
    const auto j = static_cast<std::int64_t>(top);
    const double u = (x - left) * (x - left) * (3 - 2 * (x - left));
    const double v = (y - top) * (y - top) * (3 - 2 * (y - top));
    const double upper = std::lerp(Corner(i, j, octave), Corner(i + 1, j, octave), u);
    const double lower = std::lerp(Corner(i, j + 1, octave), Corner(i + 1, j + 1, octave), u);
    return std::lerp(upper, lower, v);
  }
  std::uint64_t seed_;
};

// A pattern of two or three colours over the plane; one unit is about as wide as the thing.
class Pattern {
 public:
  explicit Pattern(Random& random)
      : kind_(random.Pick(5)),
        colors_{RandomColor(random), RandomColor(random), RandomColor(random)},
        clouds_(random),
        frequency_(random.LogUniform(1.5, 24)),
        cloud_frequency_(random.LogUniform(1, 40)),
        cloudy_(random.Uniform(0.05, 0.5)),
        edge_(random.Uniform(0.2, 0.8)) {
    const double angle = random.Chance(0.6) ? 0 : random.Uniform(0, std::numbers::pi);
    cosine_ = std::cos(angle);
    sine_ = std::sin(angle);
  }

  [[nodiscard]] Color At(double x, double y) const {
    const double u = frequency_ * (cosine_ * x - sine_ * y);
    const double v = frequency_ * (sine_ * x + cosine_ * y);
    const double cloud = clouds_.At(cloud_frequency_ * x, cloud_frequency_ * y);
    return Mix(Mix(colors_[0], colors_[1], Share(u, v)), colors_[2], cloudy_ * cloud);
  }

 private:
  [[nodiscard]] double Share(double u, double v) const {
    const double a = u - std::floor(u);
    const double b = v - std::floor(v);
    switch (kind_) {
      case 0:  // Stripes.
        return a < edge_ ? 0 : 1;
      case 1:  // Checks.
        return (a < edge_) == (b < edge_) ? 0 : 1;
      case 2:  // Dots.
        return std::hypot(a - 0.5, b - 0.5) < edge_ / 2 ? 0 : 1;
      case 3:  // A gradient.
        return std::clamp(v / frequency_, 0.0, 1.0);
      default:  // Plain.
        return 0;
    }
  }

  int kind_;
  std::array<Color, 3> colors_;
  Clouds clouds_;
  double frequency_;
  double cloud_frequency_;
  double cloudy_;
  double edge_;
  double cosine_ = 1;
  double sine_ = 0;
};

image::Image Blank(int width, int height) {
  image::Image picture{.width = width, .height = height, .rgb = {}};
  picture.rgb.resize(std::size_t{3} * static_cast<std::size_t>(width) *
                     static_cast<std::size_t>(height));
  return picture;
}

void Put(const Color& color, int x, int y, image::Image& picture) {
  const std::size_t at =
      3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
           static_cast<std::size_t>(x));
  for (std::size_t c = 0; c < 3; ++c) {
    picture.rgb[at + c] = static_cast<std::uint8_t>(std::clamp(color[c], 0.0, 255.0));
  }
}

// A pattern in a rectangle, darker towards one side.
void PaintRectangle(Random& random, int left, int top, int right, int bottom,
                    image::Image& picture) {
  const Pattern pattern(random);
  const double size = std::max({right - left, bottom - top, 1});
  const double shade = random.Uniform(-0.4, 0.4);
  for (int y = std::max(top, 0); y < std::min(bottom, picture.height); ++y) {
    for (int x = left; x < right; ++x) {
      Color color = pattern.At((x - left) / size, (y - top) / size);
      const double light = 1 - 0.2 + shade * ((x - left) / size - 0.5);
      for (double& c : color) c *= light;
      // Around: a panorama's right edge is its left one.
      Put(color, (x % picture.width + picture.width) % picture.width, y, picture);
    }
  }
}

}  // namespace

image::Image PaintPattern(Random random, int width, int height) {
  image::Image picture = Blank(width, height);
  const Pattern pattern(random);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      Put(pattern.At(static_cast<double>(x) / width, static_cast<double>(y) / height), x, y,
          picture);
    }
  }
  return picture;
}

Background PaintBackground(Random random, bool panorama) {
  Background background;
  background.name = panorama ? "painted panorama" : "painted";
  background.panorama = panorama;
  const int width = panorama ? 1024 : 512;
  const int height = 512;
  background.picture = Blank(width, height);
  const int horizon = panorama ? height / 2 : static_cast<int>(random.Uniform(0.2, 0.8) * height);
  PaintRectangle(random, 0, 0, width, horizon, background.picture);
  PaintRectangle(random, 0, horizon, width, height, background.picture);
  const int things = random.Pick(40);
  for (int i = 0; i < things; ++i) {
    const int left = random.Pick(width);
    const int wide = static_cast<int>(random.LogUniform(4, 200));
    const int high = static_cast<int>(random.LogUniform(4, 250));
    // Most things stand on the ground.
    const int bottom = random.Chance(0.7) ? horizon + random.Pick(height / 6) : random.Pick(height);
    PaintRectangle(random, left, bottom - high, left + wide, bottom, background.picture);
  }
  return background;
}

}  // namespace cnp::synth
