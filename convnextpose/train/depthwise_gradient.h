// The weights' gradient of a depthwise convolution (stride 1, same size), for which oneDNN has no
// quick way with channels last: backwards they took a fifth of a training step. Knows no LibTorch.
#pragma once

#include <cstddef>

namespace cnp::train {

struct DepthwiseShape {
  int height = 0;
  int width = 0;
  int channels = 0;
  int kernel = 0;  ///< Odd.
};

/// Floats that AddDepthwiseGradient's sums need: [kernel, kernel, padded channels].
std::size_t DepthwiseSums(const DepthwiseShape& shape);
/// Channels of a row of sums, those that are there first.
int DepthwisePadded(int channels);
/// Floats of its scratch memory.
std::size_t DepthwiseScratch(const DepthwiseShape& shape);

/// Adds one picture's gradient to `sums`. `x` (the convolution's input) and `gradient` (of its
/// output) are [height, width, channels].
void AddDepthwiseGradient(const DepthwiseShape& shape, const float* x, const float* gradient,
                          float* scratch, float* sums);

}  // namespace cnp::train
