#include "convnextpose/synth/filter.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

namespace cnp::synth {
namespace {

constexpr int kMaxRadius = 12;

// weights[0] of the value itself, weights[k] of both k away.
std::vector<float> Gaussian(double sigma) {
  const int radius = std::clamp(static_cast<int>(std::ceil(2.2 * sigma)), 1, kMaxRadius);
  std::vector<float> weights;
  double sum = 0;
  for (int k = 0; k <= radius; ++k) {
    const double weight = std::exp(-0.5 * k * k / (sigma * sigma));
    weights.push_back(static_cast<float>(weight));
    sum += k == 0 ? weight : 2 * weight;
  }
  for (float& weight : weights) weight /= static_cast<float>(sum);
  return weights;
}

// One row, its ends repeated on both sides; `padded` has room for them.
void BlurRow(std::span<const float> weights, int width, float* row, std::vector<float>& padded) {
  const auto radius = static_cast<int>(weights.size()) - 1;
  std::fill_n(padded.begin(), radius, row[0]);
  std::copy_n(row, width, padded.begin() + radius);
  std::fill_n(padded.begin() + radius + width, radius, row[width - 1]);
  const float* middle = padded.data() + radius;
  for (int x = 0; x < width; ++x) row[x] = weights[0] * middle[x];
  for (int k = 1; k <= radius; ++k) {
    const float weight = weights[static_cast<std::size_t>(k)];
    for (int x = 0; x < width; ++x) row[x] += weight * (middle[x - k] + middle[x + k]);
  }
}

void BlurRows(std::span<const float> weights, int width, int height, std::vector<float>& plane) {
  std::vector<float> padded(static_cast<std::size_t>(width) + 2 * weights.size());
  for (int y = 0; y < height; ++y) {
    float* row = &plane[static_cast<std::size_t>(y) * static_cast<std::size_t>(width)];
    BlurRow(weights, width, row, padded);
  }
}

void BlurColumns(std::span<const float> weights, int width, int height, std::vector<float>& plane) {
  thread_local std::vector<float> source;
  source = plane;
  const auto radius = static_cast<int>(weights.size()) - 1;
  const auto row = [&](int y) {
    const auto inside = static_cast<std::size_t>(std::clamp(y, 0, height - 1));
    return &source[inside * static_cast<std::size_t>(width)];
  };
  for (int y = 0; y < height; ++y) {
    float* out = &plane[static_cast<std::size_t>(y) * static_cast<std::size_t>(width)];
    for (int x = 0; x < width; ++x) out[x] *= weights[0];
    for (int k = 1; k <= radius; ++k) {
      const float weight = weights[static_cast<std::size_t>(k)];
      const float* above = row(y - k);
      const float* below = row(y + k);
      for (int x = 0; x < width; ++x) out[x] += weight * (above[x] + below[x]);
    }
  }
}

// Adds a plane moved by whole pixels; its border is repeated.
void AddMoved(const std::vector<float>& plane, int width, int height, int right, int down,
              std::vector<float>& sum) {
  const int first = std::clamp(-right, 0, width);
  const int last = std::clamp(width - right, first, width);
  for (int y = 0; y < height; ++y) {
    const auto from = static_cast<std::size_t>(std::clamp(y + down, 0, height - 1));
    const float* in = &plane[from * static_cast<std::size_t>(width)];
    float* out = &sum[static_cast<std::size_t>(y) * static_cast<std::size_t>(width)];
    for (int x = 0; x < first; ++x) out[x] += in[0];
    for (int x = first; x < last; ++x) out[x] += in[x + right];
    for (int x = last; x < width; ++x) out[x] += in[width - 1];
  }
}

}  // namespace

void Blur(double sigma, Picture& picture) {
  if (sigma < 0.25) return;
  const std::vector<float> weights = Gaussian(sigma);
  for (std::vector<float>& plane : picture.planes) {
    BlurRows(weights, picture.width, picture.height, plane);
    BlurColumns(weights, picture.width, picture.height, plane);
  }
}

void MoveBlur(double dx, double dy, Picture& picture) {
  const int copies = std::min(static_cast<int>(std::ceil(std::hypot(dx, dy))) + 1, 17);
  if (copies < 2) return;
  std::vector<float> sum;
  for (std::vector<float>& plane : picture.planes) {
    sum.assign(plane.size(), 0);
    for (int i = 0; i < copies; ++i) {
      const double at = static_cast<double>(i) / (copies - 1) - 0.5;
      AddMoved(plane, picture.width, picture.height, static_cast<int>(std::lround(dx * at)),
               static_cast<int>(std::lround(dy * at)), sum);
    }
    for (std::size_t i = 0; i < plane.size(); ++i) plane[i] = sum[i] / static_cast<float>(copies);
  }
}

}  // namespace cnp::synth
