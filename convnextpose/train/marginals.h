// Marginals of one picture's heatmaps and their gradient, in two passes over the logits each, where
// LibTorch's softmax, sums and copies took a tenth of a training step. Knows no LibTorch.
#pragma once

#include <cstdint>

namespace cnp::train {

/// Logits [height, width, joints, depth].
struct HeatmapShape {
  int height = 0;
  int width = 0;
  int joints = 0;
  int depth = 0;  ///< A multiple of kDepthStep.

  /// Of a joint: of its columns, then its rows, then its depth bins.
  [[nodiscard]] int marginals() const { return width + height + depth; }
};
constexpr int kDepthStep = 16;

/// What makes a joint's logits probabilities: exp(logit - largest) / sum.
struct LogitScale {
  float largest = 0;
  float sum = 0;
};

/// Numbers that are bfloat16 by their bits.
enum class Bfloat16 : std::uint16_t {};

/// Sums of the softmax over all cells of a joint -> `marginals` [joints, shape.marginals()]; NaN
/// where a logit of the joint is not finite.
void FindMarginals(const HeatmapShape& shape, const float* logits, LogitScale* scales,
                   float* marginals);
void FindMarginals(const HeatmapShape& shape, const Bfloat16* logits, LogitScale* scales,
                   float* marginals);

/// What FindMarginals found, and `gradients` of its marginals -> `out` of the logits.
struct FoundMarginals {
  const LogitScale* scales;
  const float* marginals;
  const float* gradients;
};
void MarginalsGradient(const HeatmapShape& shape, const float* logits, const FoundMarginals& found,
                       float* out);
void MarginalsGradient(const HeatmapShape& shape, const Bfloat16* logits,
                       const FoundMarginals& found, Bfloat16* out);

}  // namespace cnp::train
