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

/// A picture in memory: DepthwisePadded channels a pixel, `row` floats from row to row.
struct PaddedPicture {
  const float* data = nullptr;
  std::ptrdiff_t row = 0;
};
/// Adds one picture's gradient to `sums`. `x` (the convolution's input) has a border of kernel / 2
/// zeros about it and begins with it, `gradient` (of its output) has none.
void AddDepthwiseGradient(const DepthwiseShape& shape, const PaddedPicture& x,
                          const PaddedPicture& gradient, float* sums);
/// The same of pictures as they lie. `x` (the convolution's input) and `gradient` (of its
/// output) are [height, width, channels].
void AddDepthwiseGradient(const DepthwiseShape& shape, const float* x, const float* gradient,
                          float* scratch, float* sums);

}  // namespace cnp::train
