#include "convnextpose/synth/jpeg_artefacts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace cnp::synth {
namespace {

constexpr int kSide = 8;
using Block = std::array<float, std::size_t{kSide} * kSide>;

// The tables of the standard's annex K, in reading order.
constexpr std::array<int, 64> kLuma = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
constexpr std::array<int, 64> kChroma = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

// Orthonormal cosines [frequency, place], and the same turned over.
struct Cosines {
  Block rows{};
  Block columns{};
  Cosines() {
    for (int k = 0; k < kSide; ++k) {
      const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / kSide);
      for (int i = 0; i < kSide; ++i) {
        const double value = scale * std::cos((2 * i + 1) * k * std::numbers::pi / (2 * kSide));
        rows[std::size_t{kSide} * k + i] = static_cast<float>(value);
        columns[std::size_t{kSide} * i + k] = static_cast<float>(value);
      }
    }
  }
};

struct Steps {
  Block size{};
  Block inverse{};
};

Steps StepsOf(const std::array<int, 64>& table, int quality) {
  const int scale = quality < 50 ? 5000 / std::max(quality, 1) : 200 - 2 * quality;
  Steps steps;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const int step = std::clamp((table[i] * scale + 50) / 100, 1, 255);
    steps.size[i] = static_cast<float>(step);
    steps.inverse[i] = 1 / static_cast<float>(step);
  }
  return steps;
}

// out = a * b, 8 x 8; the inner loop goes along rows, so that it vectorises.
void Multiply(const Block& a, const Block& b, Block& out) {
  for (int y = 0; y < kSide; ++y) {
    std::array<float, kSide> sum{};
    for (int k = 0; k < kSide; ++k) {
      const float factor = a[std::size_t{kSide} * y + k];
      const float* row = &b[std::size_t{kSide} * k];
      for (std::size_t x = 0; x < kSide; ++x) sum[x] += factor * row[x];
    }
    std::copy(sum.begin(), sum.end(), out.begin() + std::ptrdiff_t{kSide} * y);
  }
}

void RoundToSteps(const Steps& steps, Block& block) {
  // Adding and taking away 1.5 * 2^23 rounds a float to a whole number.
  constexpr float kRound = 12582912.0F;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const float whole = block[i] * steps.inverse[i] + kRound;
    block[i] = (whole - kRound) * steps.size[i];
  }
}

struct Plane {
  int width = 0;
  int height = 0;
  std::vector<float> values;
};

void CompressPlane(const Steps& steps, Plane& plane) {
  static const Cosines cosines;
  Block block;
  Block half;
  for (int top = 0; top < plane.height; top += kSide) {
    for (int left = 0; left < plane.width; left += kSide) {
      const auto at = [&](int x, int y) {
        return static_cast<std::size_t>(std::min(top + y, plane.height - 1)) *
                   static_cast<std::size_t>(plane.width) +
               static_cast<std::size_t>(std::min(left + x, plane.width - 1));
      };
      for (int i = 0; i < kSide * kSide; ++i) {
        block[static_cast<std::size_t>(i)] = plane.values[at(i % kSide, i / kSide)] - 128;
      }
      Multiply(cosines.rows, block, half);
      Multiply(half, cosines.columns, block);
      RoundToSteps(steps, block);
      Multiply(cosines.columns, block, half);
      Multiply(half, cosines.rows, block);
      for (int y = 0; y < std::min(kSide, plane.height - top); ++y) {
        for (int x = 0; x < std::min(kSide, plane.width - left); ++x) {
          plane.values[at(x, y)] = block[std::size_t{kSide} * y + x] + 128;
        }
      }
    }
  }
}

// Means of 2 x 2 (fewer at an odd edge).
Plane Halved(const Plane& from) {
  Plane out{.width = (from.width + 1) / 2, .height = (from.height + 1) / 2, .values = {}};
  out.values.reserve(static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.height));
  const auto w = static_cast<std::size_t>(from.width);
  for (int y = 0; y < out.height; ++y) {
    const float* upper = &from.values[static_cast<std::size_t>(2 * y) * w];
    const float* lower = 2 * y + 1 < from.height ? upper + w : upper;
    for (int x = 0; x < out.width; ++x) {
      const int left = 2 * x;
      const int right = std::min(left + 1, from.width - 1);
      out.values.push_back((upper[left] + upper[right] + lower[left] + lower[right]) / 4);
    }
  }
  return out;
}

}  // namespace

void CompressLikeJpeg(int quality, Picture& picture) {
  thread_local std::array<Plane, 3> planes;
  for (Plane& plane : planes) {
    plane.width = picture.width;
    plane.height = picture.height;
    plane.values.resize(picture.planes[0].size());
  }
  auto& [luma, blue, red] = planes;
  auto& [r, g, b] = picture.planes;
  for (std::size_t i = 0; i < r.size(); ++i) {
    luma.values[i] = 0.299F * r[i] + 0.587F * g[i] + 0.114F * b[i];
    blue.values[i] = 128 + 0.564F * (b[i] - luma.values[i]);
    red.values[i] = 128 + 0.713F * (r[i] - luma.values[i]);
  }
  CompressPlane(StepsOf(kLuma, quality), luma);
  const Steps steps = StepsOf(kChroma, quality);
  Plane small_blue = Halved(blue);
  Plane small_red = Halved(red);
  CompressPlane(steps, small_blue);
  CompressPlane(steps, small_red);
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                             static_cast<std::size_t>(x);
      const std::size_t half =
          static_cast<std::size_t>(y / 2) * static_cast<std::size_t>(small_blue.width) +
          static_cast<std::size_t>(x / 2);
      const float cb = small_blue.values[half] - 128;
      const float cr = small_red.values[half] - 128;
      const float value = luma.values[at];
      r[at] = std::clamp(value + 1.402F * cr, 0.0F, 255.0F);
      g[at] = std::clamp(value - 0.344F * cb - 0.714F * cr, 0.0F, 255.0F);
      b[at] = std::clamp(value + 1.772F * cb, 0.0F, 255.0F);
    }
  }
}

}  // namespace cnp::synth
