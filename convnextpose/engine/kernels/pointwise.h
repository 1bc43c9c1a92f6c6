// Pointwise (1x1) convolution: a matrix product over channels, with its epilogue.
#pragma once

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

/// weight: [out, in] row-major; bias: [out].
PackedPointwise PackPointwise(std::span<const float> weight, std::span<const float> bias, int in,
                              int out);

/// What happens to a sum before it is stored.
struct Epilogue {
  bool relu = false;     ///< max(0, .), NaN stays NaN.
  ConstPixels residual;  ///< Added last, if residual.data is not null.
};

/// out(p, o) = epilogue(bias[o] + sum_i weights[o, i] * in(p, i)) for every pixel p in [0, pixels)
/// and padded channel o. in: [pixels, in_stride >= weights.in] floats, any alignment. `out` has
/// pixel_stride >= weights.out and may be the residual itself; it must not overlap `in`.
/// Each sum runs over i in ascending order, whatever the tiling: a pixel's result does not depend
/// on the pixels around it. Thread-safe on disjoint outputs.
void Pointwise(const PackedPointwise& weights, const float* in, std::ptrdiff_t in_stride,
               int pixels, const Epilogue& epilogue, const Pixels& out);

}  // namespace cnp::engine
