#include "convnextpose/synth/light.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr float kPi = std::numbers::pi_v<float>;
constexpr float kConstant = 0.282095F;
constexpr float kFirst = 0.488603F;

Vector3f ToVector(const std::array<float, 3>& rgb) { return {rgb[0], rgb[1], rgb[2]}; }

float Brightness(const std::array<float, 3>& rgb) {
  return 0.3F * rgb[0] + 0.6F * rgb[1] + 0.1F * rgb[2];
}

// The mean colour of some rows of a picture, linear, at most 16 x 16 of its pixels.
Vector3f MeanOfRows(const image::Image& picture, double from, double to) {
  Vector3f sum = Vector3f::Zero();
  for (int i = 0; i < 256; ++i) {
    const int row = i / 16;
    const double down = from + (to - from) * (row + 0.5) / 16;
    const auto y = static_cast<std::size_t>(down * picture.height);
    const auto x = static_cast<std::size_t>((i % 16 + 0.5) / 16 * picture.width);
    const std::size_t at = 3 * (y * static_cast<std::size_t>(picture.width) + x);
    for (int c = 0; c < 3; ++c) {
      sum[c] += Linear(static_cast<float>(picture.rgb[at + static_cast<std::size_t>(c)]));
    }
  }
  return sum / 256;
}

// As if the upper half were the sky and the lower one the ground, and one side lighter.
Harmonics Guessed(const image::Image& picture, Random& random) {
  const Vector3f above = MeanOfRows(picture, 0, 0.5);
  const Vector3f below = MeanOfRows(picture, 0.5, 1);
  const float strength = static_cast<float>(random.LogUniform(0.9, 2.2));
  const float side = static_cast<float>(random.Uniform(0.1, 0.7));
  const auto angle = static_cast<float>(random.Uniform(0, 2 * std::numbers::pi));
  // Pictures' means differ in colour more than light does.
  const auto tint = [](const Vector3f& color) -> Vector3f {
    return 0.6F * color + Vector3f::Constant(0.4F * color.mean() + 0.1F);
  };
  const Vector3f mean = tint(above + below) * strength;
  const Vector3f slope = (tint(above) - 0.5F * tint(below)).cwiseMax(0.1F * mean) * strength;
  Harmonics light{};
  for (std::size_t c = 0; c < 3; ++c) {
    const auto i = static_cast<Eigen::Index>(c);
    light[0][c] = kPi * mean[i] * 0.7F / kConstant;
    light[1][c] = kPi * slope[i] * 0.5F / kFirst;
    light[2][c] = kPi * mean[i] * 0.5F * side * std::cos(angle) / kFirst;
    light[3][c] = kPi * mean[i] * 0.5F * side * std::sin(angle) / kFirst;
  }
  return light;
}

// Where most light comes from, somewhat off, and at least 15 degrees above the horizon.
Vector3f Brightest(const Harmonics& light, Random& random) {
  Vector3f direction(Brightness(light[3]), Brightness(light[1]), Brightness(light[2]));
  direction +=
      0.3F * direction.norm() *
      Vector3f(static_cast<float>(random.Uniform(-1, 1)), static_cast<float>(random.Uniform(-1, 1)),
               static_cast<float>(random.Uniform(-1, 1)));
  if (!(direction.norm() > 1e-3F)) direction = Vector3f(0.5F, 1, 0.3F);
  direction.normalize();
  direction.y() = std::max(direction.y(), 0.27F);
  return direction.normalized();
}

// What a photographer does against silhouettes: light from everywhere, until white has at least
// this radiance in the mean.
void FillIn(float least, Light& light) {
  // Over all directions the mean cosine to the sun, where it is above 0, is 1/4.
  const float white = kConstant / kPi * Brightness(light.ambient[0]) + light.sun.mean() / 4;
  const float missing = std::max(least - white, 0.0F);
  for (float& value : light.ambient[0]) value += missing * kPi / kConstant;
}

}  // namespace

Vector3f AmbientOn(const Light& light, const Vector3f& n) {
  const float x = n.x();
  const float y = n.y();
  const float z = n.z();
  const std::array<float, 9> basis = {kConstant,
                                      kFirst * y,
                                      kFirst * z,
                                      kFirst * x,
                                      1.092548F * x * y,
                                      1.092548F * y * z,
                                      0.315392F * (3 * z * z - 1),
                                      1.092548F * x * z,
                                      0.546274F * (x * x - y * y)};
  Vector3f sum = Vector3f::Zero();
  for (std::size_t i = 0; i < basis.size(); ++i) sum += basis[i] * ToVector(light.ambient[i]);
  return sum.cwiseMax(0.0F) / kPi;
}

Light MakeLight(const Background& background, Random random) {
  Light light;
  light.ambient = background.light ? *background.light : Guessed(background.picture, random);
  light.to_sun = Brightest(light.ambient, random);
  // Of what lights the sunny side more than the other one, this much comes from the sun.
  const float share = static_cast<float>(random.Chance(0.3) ? 0 : random.Uniform(0.3, 1));
  const std::array<std::size_t, 3> order = {3, 1, 2};  // x, y, z.
  for (std::size_t c = 0; c < 3; ++c) {
    float along = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      along += light.ambient[order[i]][c] * light.to_sun[static_cast<Eigen::Index>(i)];
    }
    along = std::max(along, 0.0F) * share;
    // A sun of irradiance s has the coefficients 0.886 s, 1.023 s * direction of order 0 and 1.
    const float strength = along / 1.023F;
    for (std::size_t i = 0; i < 3; ++i) {
      light.ambient[order[i]][c] -= along * light.to_sun[static_cast<Eigen::Index>(i)];
    }
    light.ambient[0][c] -= std::min(0.886F * strength, 0.6F * light.ambient[0][c]);
    for (std::size_t i = 4; i < 9; ++i) light.ambient[i][c] *= 1 - share;
    light.sun[static_cast<Eigen::Index>(c)] = strength / kPi;
  }
  const auto gain = static_cast<float>(random.LogUniform(0.75, 1.35));
  for (auto& coefficient : light.ambient) {
    for (float& value : coefficient) value *= gain;
  }
  light.sun *= gain;
  if (random.Chance(0.6)) FillIn(static_cast<float>(random.Uniform(0.3, 0.9)), light);
  return light;
}

float Linear(float byte) { return std::pow(byte / 255, 2.2F); }

float Displayed(float radiance) {
  constexpr int kSteps = 1024;
  // Over the square root, where the curve is nearly straight.
  static const auto table = [] {
    std::array<float, kSteps + 2> values{};
    for (int i = 0; i < kSteps + 2; ++i) {
      const double root = std::min(1.0, static_cast<double>(i) / kSteps);
      values[static_cast<std::size_t>(i)] =
          static_cast<float>(255 * std::pow(root * root, 1 / 2.2));
    }
    return values;
  }();
  const float value = std::clamp(radiance / (1 + 0.3F * radiance), 0.0F, 1.0F);
  const float at = std::sqrt(value) * kSteps;
  const auto cell = static_cast<std::size_t>(at);
  const float rest = at - static_cast<float>(cell);
  return table[cell] + rest * (table[cell + 1] - table[cell]);
}

}  // namespace cnp::synth
