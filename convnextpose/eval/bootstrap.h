// How far a mean would move if other persons had been drawn: resampling with replacement, seeded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "convnextpose/eval/metrics.h"

namespace cnp::eval {

/// What one person, or one sequence of pictures, adds to a mean: a sum and what it is divided by.
struct Part {
  double sum = 0;
  double weight = 0;

  Part& operator+=(const Part& other) {
    sum += other.sum;
    weight += other.weight;
    return *this;
  }
};

/// Sum over weight; kUnknown without weight.
double Mean(std::span<const Part> parts);

/// The means of `resamples` draws of as many parts, sorted: the same for the same seed on every
/// machine. Draws without weight are left out. Far more parts than most sets have are drawn less
/// often (kMostDraws).
std::vector<double> BootstrapMeans(std::span<const Part> parts, int resamples, std::uint64_t seed);
inline constexpr std::size_t kMostDraws = 100'000'000;

struct Interval {
  double low = kUnknown;
  double high = kUnknown;
};

/// Of the middle 95 % of sorted draws; unknown without any.
Interval Middle95(std::span<const double> sorted);

}  // namespace cnp::eval
