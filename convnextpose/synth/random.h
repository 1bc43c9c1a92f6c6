// Random numbers that are the same on every machine: SplitMix64 with its own distributions, for
// those of <random> differ between libraries.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace cnp::synth {

/// The finaliser of SplitMix64: a bijection that looks random.
inline std::uint64_t Scramble(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// A stream of numbers that follows from the seed alone. Plain value.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(Scramble(seed + kStep)) {}
  /// Another stream for another purpose: what one purpose draws moves nothing in the others.
  Random(std::uint64_t seed, std::uint64_t purpose) : Random(seed ^ Scramble(purpose + kStep)) {}

  std::uint64_t Next() { return Scramble(state_ += kStep); }
  /// In [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  /// In [low, high).
  double Uniform(double low, double high) { return low + (high - low) * Unit(); }
  /// True with this probability.
  bool Chance(double probability) { return Unit() < probability; }
  /// In [0, count). Precondition: count > 0.
  int Pick(int count) { return static_cast<int>(Unit() * count); }

  double Normal(double mean = 0, double deviation = 1) {
    const double radius = std::sqrt(-2 * std::log(1 - Unit()));
    return mean + deviation * radius * std::cos(2 * std::numbers::pi * Unit());
  }
  /// Between low and high, the logarithm uniform: as often doubled as halved. Precondition: low >
  /// 0.
  double LogUniform(double low, double high) { return low * std::pow(high / low, Unit()); }

 private:
  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15;
  std::uint64_t state_;
};

}  // namespace cnp::synth
