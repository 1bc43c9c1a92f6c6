// Depthwise convolution: one kernel x kernel filter a channel, over an input with a zero border.
#pragma once

#include <span>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/pixels.h"

namespace cnp::engine {

/// Weights as [tap row, tap column, channel], channels zero-padded. Immutable after packing.
struct PackedDepthwise {
  int kernel = 0;
  int channels = 0;  ///< Padded to kChannelBlock.
  AlignedVector<float> weights;
  AlignedVector<float> bias;
};

/// weight: [channels, kernel, kernel] row-major; bias: [channels].
PackedDepthwise PackDepthwise(std::span<const float> weight, std::span<const float> bias,
                              int channels, int kernel);

/// out(y, x, c) = bias[c] + sum_{i, j} weights[i, j, c] * in(y + i, x + j, c)
/// for y in [0, rows), x in [0, out.width) and every padded channel. `in` begins kernel / 2 rows
/// above and kernel / 2 pixels left of the first output: the caller keeps a zero border around the
/// picture. All of in's rows + kernel - 1 rows and out.width + kernel - 1 columns are read.
/// A pixel's result does not depend on how rows are split. Thread-safe on disjoint outputs.
void Depthwise(const PackedDepthwise& weights, const ConstPixels& in, int rows, const Pixels& out);

}  // namespace cnp::engine
