// Pointwise convolution in half precision on 64-bit ARM (ARMv8.2 FP16): twice as many multiply-adds
// an instruction as in single precision.
#pragma once

#include <cstdint>

#include "convnextpose/engine/kernels/pointwise.h"

namespace cnp::engine {

/// Some panels of a PackedHalfPointwise. Does not own.
struct HalfPanels {
  int in = 0;
  int out = 0;  ///< Channels, whole panels.
  const std::uint16_t* weights = nullptr;
  const float* bias = nullptr;
  float scale = 1;
};

/// What Pointwise does with a PackedHalfPointwise, and its conditions. Only for processors that
/// have the instructions. Activations are scaled by a power of two, by pixel and block of inputs,
/// and rounded to half; products are summed in half over a block, the blocks' sums in single
/// precision. A result that is not finite is NaN.
void HalfPointwiseArm(const HalfPanels& weights, const PointwiseInput& in, int pixels,
                      Activation activation, const Pixels& out);

}  // namespace cnp::engine
