// Pointwise convolution in whole numbers of 16 or 8 bits, for processors with dot products of them:
// 2 or 4 times as many multiply-adds an instruction as in single precision.
#pragma once

#include <cstdint>
#include <span>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/pixels.h"
#include "convnextpose/engine/kernels/pointwise.h"
#include "convnextpose/engine/kernels/sparse_pointwise.h"

namespace cnp::engine {

/// Numbers share their scale in blocks: activations by pixel and block of inputs, found as they
/// come (nothing is calibrated), weights by output and block of inputs. Sums of a block are exact.
enum class DotType {
  kInt16,  ///< Both about 13 bits and sign, so that no sum of a block leaves 32 bits.
  kInt8,   ///< Both 7 bits and sign.
  kUint8,  ///< Activations, which must not be negative, 8 bits; weights 7 bits and sign.
};

/// Weights as [panel of kChannelBlock outputs][inputs in pairs or fours][output][input]: 64 bytes
/// at once. Immutable after packing.
struct PackedDotPointwise {
  DotType type = DotType::kInt16;
  int in = 0;     ///< Padded to fours.
  int out = 0;    ///< Padded to kChannelBlock.
  int block = 0;  ///< Inputs that share their scale, a multiple of kChannelBlock.
  AlignedVector<std::int8_t> weights;
  AlignedVector<float> scales;          ///< [block][out]
  AlignedVector<std::int32_t> offsets;  ///< [block][out]: where a sum begins.
  AlignedVector<float> bias;

  [[nodiscard]] int blocks() const { return (in + block - 1) / block; }
  [[nodiscard]] int bytes_per_input() const { return type == DotType::kInt16 ? 2 : 1; }
};

/// weight: [out, in] row-major; bias: [out]. block: as in PackedDotPointwise, at most kMaxDotBlock.
/// An output with a weight that is not finite becomes NaN.
PackedDotPointwise PackDotPointwise(std::span<const float> weight, std::span<const float> bias,
                                    int in, int out, DotType type, int block);
inline constexpr int kMaxDotBlock = 256;

/// Even blocks of at most kMaxDotBlock.
constexpr int DotBlock(int in) {
  const int blocks = (in + kMaxDotBlock - 1) / kMaxDotBlock;
  return PaddedChannels((in + blocks - 1) / blocks);
}

/// Does this processor have the instructions? Without them the results are the same, and late.
bool HasDotProducts();

/// The activations of some pixels as DotPointwise reads them. Does not own.
struct Quantised {
  std::uint8_t* values = nullptr;   ///< Aligned to kAlignment.
  std::ptrdiff_t value_stride = 0;  ///< Bytes from pixel to pixel, a multiple of kChannelBlock.
  float* scales = nullptr;          ///< One a block.
  std::ptrdiff_t scale_stride = 0;  ///< Floats from pixel to pixel.
};

/// Rounds the activations of `pixels` pixels for the given inputs of `weights`: whole blocks, but
/// for the layer's last. in.run_length is a multiple of kChannelBlock, or in.runs is 1 and each
/// pixel may be read to the next such multiple (where weights are 0; what lies there must be
/// finite). A block that is not finite becomes NaN as a whole.
void Quantise(const PackedDotPointwise& weights, Inputs inputs, const PointwiseInput& in,
              int pixels, const Quantised& quantised);

/// out(p, o - channels.first) = activation(start + sum_i weights[o, i] * in(p, i - inputs.first))
/// over i in `inputs`, whole blocks but for the layer's last. start is bias[o] + residual(p, o) if
/// inputs.first is 0, else what is in `out`; the activation comes with the layer's last inputs.
/// residual.data may be null, and begins at channels.first as `out` does.
/// A pixel's result does not depend on the pixels around it. Thread-safe on disjoint outputs.
void DotPointwise(const PackedDotPointwise& weights, Channels channels, Inputs inputs,
                  const Quantised& in, int pixels, Activation activation,
                  const ConstPixels& residual, const Pixels& out);

}  // namespace cnp::engine
