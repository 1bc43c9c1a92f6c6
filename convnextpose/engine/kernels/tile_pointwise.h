// Pointwise convolution on processors that multiply whole tiles (Intel AMX): sixteen times the
// multiply-adds of AVX-512, on bfloat16.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/pixels.h"
#include "convnextpose/engine/kernels/pointwise.h"
#include "convnextpose/engine/kernels/sparse_pointwise.h"

namespace cnp::engine {

/// A number as the sum of bfloat16 parts: 8 bits a part, from the highest. A product is the sum of
/// the parts' products but for those below the last part's precision; all sums are in single
/// precision.
enum class TileParts {
  kTwo = 2,    ///< 3 products; a relative error of 2^-16: 32 times less than half precision's.
  kThree = 3,  ///< 6 products; 2^-24: single precision.
};

/// Inputs of one tile.
inline constexpr int kTileInputs = 32;
/// Pixels of one tile, and outputs.
inline constexpr int kTilePixels = 16;
static_assert(kTilePixels == kChannelBlock);

/// Weights as [panel of kChannelBlock outputs][kTileInputs][part][pair of inputs][output][input].
/// Immutable after packing.
struct PackedTilePointwise {
  TileParts parts = TileParts::kThree;
  int in = 0;   ///< As given: multiples of kTileInputs are stored.
  int out = 0;  ///< Padded to kChannelBlock.
  AlignedVector<std::uint16_t> weights;
  AlignedVector<float> bias;
};

/// weight: [out, in] row-major; bias: [out].
PackedTilePointwise PackTilePointwise(std::span<const float> weight, std::span<const float> bias,
                                      int in, int out, TileParts parts);

/// Has the processor tiles, may this process use them, and is no instruction set without them
/// forced? Without them the results are nearly the same, and late.
bool HasTiles();

/// Activations in parts: each pixel is [kTileInputs][part][input]. Does not own.
struct SplitPixels {
  std::uint16_t* values = nullptr;  ///< Aligned to kAlignment.
  std::ptrdiff_t stride = 0;        ///< From pixel to pixel, a multiple of kTileInputs.
};

/// Numbers that a pixel's `inputs` activations take.
constexpr std::ptrdiff_t SplitStride(int inputs, TileParts parts) {
  return std::ptrdiff_t{inputs + kTileInputs - 1} / kTileInputs * kTileInputs *
         static_cast<int>(parts);
}

/// Splits the activations of `pixels` pixels, all inputs of `weights`. in.run_length is a multiple
/// of kChannelBlock, or in.runs is 1 and each pixel may be read to the next such multiple (where
/// weights are 0; what lies there must be finite).
void Split(const PackedTilePointwise& weights, const PointwiseInput& in, int pixels,
           const SplitPixels& split);

/// Weights that some other product will read soon: some outputs' for some inputs.
struct WeightsNext {
  const PackedTilePointwise* weights = nullptr;  ///< Null: none.
  Channels channels;
  Inputs inputs;
};

/// split(p, o - channels.first) = max(0, bias[o] + sum_i weights[o, i] * in(p, i)) over all inputs,
/// in as many parts; zeros up to the next multiple of kTileInputs. channels.first is such a
/// multiple. `in` may be read up to the next multiple of kTilePixels pixels, whatever lies there.
/// A pixel's result does not depend on the pixels around it. Thread-safe on disjoint outputs.
/// `next` are fetched into the second-level cache meanwhile.
void TilePointwiseRelu(const PackedTilePointwise& weights, Channels channels, const SplitPixels& in,
                       int pixels, const SplitPixels& split, const WeightsNext& next = {});

/// out(p, o) = activation(start + sum_i weights[o, i] * in(p, i - inputs.first)) over i in
/// `inputs`, which begin at a multiple of kTileInputs and end at one or with the layer. start is
/// bias[o] + residual(p, o) if inputs.first is 0, else what is in `out`; the activation comes with
/// the layer's last inputs. residual.data may be null. Otherwise as TilePointwiseRelu.
void TilePointwise(const PackedTilePointwise& weights, Inputs inputs, const SplitPixels& in,
                   int pixels, Activation activation, const ConstPixels& residual,
                   const Pixels& out, const WeightsNext& next = {});

}  // namespace cnp::engine
