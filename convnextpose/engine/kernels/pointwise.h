// Pointwise (1x1) convolution: a matrix product over channels, with its epilogue.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/pixels.h"

namespace cnp::engine {

/// Weights in panels of kChannelBlock output channels, [panel][in][kChannelBlock], zero-padded:
/// the order in which the kernel of every instruction set reads them. Immutable after packing.
struct PackedPointwise {
  int in = 0;
  int out = 0;  ///< Padded to kChannelBlock.
  AlignedVector<float> weights;
  AlignedVector<float> bias;
};

/// The same with weights in half precision, times 1 / scale: half the memory. Computed in single
/// precision, or in half where half_sums and HasHalfArithmetic().
struct PackedHalfPointwise {
  int in = 0;
  int out = 0;
  AlignedVector<std::uint16_t> weights;
  AlignedVector<float> bias;  ///< Times 1 / scale.
  float scale = 1;            ///< A power of two that brings the largest weight to 0.5 .. 1.
  bool half_sums = false;  ///< Is the layer fit for sums in half precision? See PackHalfPointwise.
};

/// weight: [out, in] row-major; bias: [out].
PackedPointwise PackPointwise(std::span<const float> weight, std::span<const float> bias, int in,
                              int out);
/// An output with a weight that is not finite becomes NaN. half_sums is for the first product of a
/// block, a layer that is four times as wide behind as before: with the sums of downsampling and
/// the head in half precision too, joints err by more than 0.02 heatmap cells
/// (tests/network_test.cc).
PackedHalfPointwise PackHalfPointwise(std::span<const float> weight, std::span<const float> bias,
                                      int in, int out);

/// Some of a layer's padded channels, in whole blocks of kChannelBlock.
struct Channels {
  int first = 0;
  int count = 0;
};

enum class Activation { kNone, kRelu };  ///< kRelu: max(0, .); NaN stays NaN.

/// Where the inputs of pixels lie. Each pixel has `runs` stretches of run_length floats, in the
/// order of the weights: a pointwise layer reads one, a convolution with stride = kernel reads one
/// for each row of its patch. Strides in floats, any alignment.
struct PointwiseInput {
  const float* data = nullptr;
  std::ptrdiff_t pixel_stride = 0;
  int run_length = 0;
  int runs = 1;
  std::ptrdiff_t run_stride = 0;
  int width = std::numeric_limits<int>::max();  ///< Pixels in a row.
  std::ptrdiff_t row_stride = 0;
};

/// out(p, o - channels.first) = activation(bias[o] + sum_i weights[o, i] * in(p, i)) for every
/// pixel p in [0, pixels) and every o in `channels`. in.runs * in.run_length = weights.in;
/// `out` must not overlap `in`.
/// Each sum runs over i in ascending order, whatever the tiling: a pixel's result does not depend
/// on the pixels around it. Thread-safe on disjoint outputs.
void Pointwise(const PackedPointwise& weights, Channels channels, const PointwiseInput& in,
               int pixels, Activation activation, const Pixels& out);

/// A pixel's result does not depend on the pixels around it here either. In half precision a result
/// that is not finite is NaN.
void Pointwise(const PackedHalfPointwise& weights, Channels channels, const PointwiseInput& in,
               int pixels, Activation activation, const Pixels& out);

/// Does this processor multiply and add vectors of half precision (ARMv8.2 FP16), and is no lesser
/// instruction set forced?
bool HasHalfArithmetic();

/// The same for all channels, and pixels that lie in_stride floats apart.
inline void Pointwise(const PackedPointwise& weights, const float* in, std::ptrdiff_t in_stride,
                      int pixels, Activation activation, const Pixels& out) {
  const PointwiseInput input = {.data = in, .pixel_stride = in_stride, .run_length = weights.in};
  Pointwise(weights, {0, weights.out}, input, pixels, activation, out);
}

}  // namespace cnp::engine
