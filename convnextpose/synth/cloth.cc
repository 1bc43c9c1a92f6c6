#include "convnextpose/synth/cloth.h"

#include <algorithm>
#include <cmath>

#include "convnextpose/synth/random.h"

namespace cnp::synth {
namespace {

float Lattice(std::uint64_t seed, int x, int y) {
  const auto column = static_cast<std::uint64_t>(static_cast<std::uint32_t>(x));
  const auto row = static_cast<std::uint64_t>(static_cast<std::uint32_t>(y));
  return static_cast<float>(Scramble(seed ^ (column << 32 | row)) >> 40) * 0x1p-23F - 1;
}

float Fraction(float x) { return x - std::floor(x); }

// Which of the colours, by thresholds of noise.
Color Camouflage(const Cloth& cloth, float x, float y) {
  const float first = Noise(cloth.seed + 1, x, y) + 0.5F * Noise(cloth.seed + 2, 3 * x, 3 * y);
  const float second = Noise(cloth.seed + 3, 1.5F * x, 1.5F * y);
  if (first > 0.25F) return cloth.colors[1];
  return second > 0.3F ? cloth.colors[2] : cloth.colors[0];
}

Color Checks(const Cloth& cloth, float x, float y) {
  const float bands = (Fraction(x) < 0.5F ? 0.5F : 0) + (Fraction(y) < 0.5F ? 0.5F : 0);
  const bool thread = Fraction(x + 0.23F) < 0.06F || Fraction(y + 0.23F) < 0.06F;
  return thread ? cloth.colors[2] : Blend(cloth.colors[0], cloth.colors[1], bands);
}

Color PatternAt(const Cloth& cloth, float around, float along) {
  const float x = around / cloth.period_m;
  const float y = along / cloth.period_m;
  switch (cloth.pattern) {
    case Pattern::kAcross:
      return cloth.colors[Fraction(y) < 0.55F ? 0 : 1];
    case Pattern::kAlong:
      return cloth.colors[Fraction(x) < 0.7F ? 0 : 1];
    case Pattern::kChecks:
      return Checks(cloth, x, y);
    case Pattern::kDots: {
      const float dx = Fraction(x + (static_cast<int>(std::floor(y)) % 2 == 0 ? 0 : 0.5F)) - 0.5F;
      const float dy = Fraction(y) - 0.5F;
      return cloth.colors[dx * dx + dy * dy < 0.07F ? 1 : 0];
    }
    case Pattern::kCamouflage:
      return Camouflage(cloth, x / 2, y / 2);
    case Pattern::kHeather:
      return Blend(cloth.colors[0], cloth.colors[1],
                   0.25F + 0.25F * Noise(cloth.seed + 4, 250 * around, 250 * along));
    case Pattern::kBlocks:
      return cloth.colors[static_cast<int>(3 * Fraction(y / 6 + 0.3F))];
    default:
      return cloth.colors[0];
  }
}

}  // namespace

float Noise(std::uint64_t seed, float x, float y) {
  const float column = std::floor(x);
  const float row = std::floor(y);
  const auto smooth = [](float t) { return t * t * (3 - 2 * t); };
  const float u = smooth(x - column);
  const float v = smooth(y - row);
  const int i = static_cast<int>(column);
  const int j = static_cast<int>(row);
  const float top = Lattice(seed, i, j) * (1 - u) + Lattice(seed, i + 1, j) * u;
  const float bottom = Lattice(seed, i, j + 1) * (1 - u) + Lattice(seed, i + 1, j + 1) * u;
  return top * (1 - v) + bottom * v;
}

Color ClothAt(const Cloth& cloth, float around, float along) {
  const float folds = 0.65F * Noise(cloth.seed + 5, 16 * around, 9 * along + 6 * around) +
                      0.35F * Noise(cloth.seed + 6, 45 * around, 30 * along);
  return PatternAt(cloth, around, along) * (1 + cloth.fold * folds);
}

}  // namespace cnp::synth
