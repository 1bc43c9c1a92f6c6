// Pointwise convolution behind a ReLU: the same matrix product, without the inputs that are zero.
#pragma once

#include <span>
#include <vector>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/pixels.h"
#include "convnextpose/engine/kernels/pointwise.h"

namespace cnp::engine {

/// Weights as [group of outputs][in][outputs of the group]: the row of an input that is not zero is
/// read as a whole, all others not at all. Immutable after packing.
struct PackedSparsePointwise {
  int in = 0;
  int out = 0;                   ///< Padded to kChannelBlock.
  int chunk = 0;                 ///< Inputs whose weights in one group fit the first-level cache.
  std::vector<Channels> groups;  ///< Outputs whose sums fit the registers.
  AlignedVector<float> weights;
  AlignedVector<float> bias;
};

/// weight: [out, in] row-major; bias: [out].
PackedSparsePointwise PackSparsePointwise(std::span<const float> weight,
                                          std::span<const float> bias, int in, int out);

/// Inputs of a layer. All but the last part begin and end at multiples of the layer's chunk.
struct Inputs {
  int first = 0;
  int count = 0;
};

/// out(p, o) = start + sum_i weights[o, i] * in(p, i - inputs.first) over i in `inputs`, where
/// start is bias[o] + residual(p, o) if inputs.first is 0, else what is in `out`: the parts of a
/// layer, in ascending order, sum up to the same bits as the whole. residual.data may be null. in:
/// [pixels, in_stride >= inputs.count] floats, any alignment; any value, though only zeros save
/// time. `out` must not overlap `in` or `residual`. A sum's order depends on the pixel's own inputs
/// only, not on the pixels around it. Thread-safe on disjoint outputs.
void SparsePointwise(const PackedSparsePointwise& weights, Inputs inputs, const float* in,
                     std::ptrdiff_t in_stride, int pixels, const ConstPixels& residual,
                     const Pixels& out);

/// The same for all inputs.
inline void SparsePointwise(const PackedSparsePointwise& weights, const float* in,
                            std::ptrdiff_t in_stride, int pixels, const ConstPixels& residual,
                            const Pixels& out) {
  SparsePointwise(weights, {0, weights.in}, in, in_stride, pixels, residual, out);
}

}  // namespace cnp::engine
