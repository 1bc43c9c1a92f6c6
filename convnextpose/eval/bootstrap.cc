#include "convnextpose/eval/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace cnp::eval {
namespace {

constexpr std::size_t kLeastDraws = 200;

// Any number below `count`; std::uniform_int_distribution differs between standard libraries. The
// high bits of a product favour no number by more than count / 2^32.
std::size_t Draw(std::mt19937_64& random, std::size_t count) {
  const std::uint64_t bits = random() >> 32;
  return static_cast<std::size_t>((bits * count) >> 32);
}

double Quantile(std::span<const double> sorted, double q) {
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

}  // namespace

double Mean(std::span<const Part> parts) {
  Part all;
  for (const Part& part : parts) all += part;
  return all.weight > 0 ? all.sum / all.weight : kUnknown;
}

std::vector<double> BootstrapMeans(std::span<const Part> parts, int resamples, std::uint64_t seed) {
  std::vector<double> means;
  if (parts.empty() || resamples <= 0) return means;
  const std::size_t draws = std::min(static_cast<std::size_t>(resamples),
                                     std::max(kLeastDraws, kMostDraws / parts.size()));
  std::mt19937_64 random(seed);
  means.reserve(draws);
  for (std::size_t draw = 0; draw < draws; ++draw) {
    Part all;
    for (std::size_t i = 0; i < parts.size(); ++i) all += parts[Draw(random, parts.size())];
    if (all.weight > 0) means.push_back(all.sum / all.weight);
  }
  std::ranges::sort(means);
  return means;
}

Interval Middle95(std::span<const double> sorted) {
  if (sorted.empty()) return {};
  return {Quantile(sorted, 0.025), Quantile(sorted, 0.975)};
}

}  // namespace cnp::eval
