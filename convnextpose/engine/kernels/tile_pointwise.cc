#include "convnextpose/engine/kernels/tile_pointwise.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "convnextpose/base/check.h"
#include "convnextpose/engine/isa.h"
#include "convnextpose/engine/kernels/tile_pointwise_amx.h"

namespace cnp::engine {
namespace {

constexpr int kMaxParts = 3;

int Count(TileParts parts) { return static_cast<int>(parts); }

float FromBfloat16(std::uint16_t value) { return std::bit_cast<float>(std::uint32_t{value} << 16); }

std::array<std::uint16_t, kMaxParts> PartsOf(float value, TileParts count) {
  std::array<std::uint16_t, kMaxParts> parts{};
  for (int p = 0; p < Count(count); ++p) {
    auto bits = std::bit_cast<std::uint32_t>(value);
    if (count == TileParts::kTwo && p == 1) bits += 0x8000;
    parts[p] = static_cast<std::uint16_t>(bits >> 16);
    value -= FromBfloat16(parts[p]);
  }
  return parts;
}

// Where an input's number lies among those of its tile: numbers i and i + 16 are a pair, so that a
// vector of floats takes its place without changing lanes.
int PlaceInTile(int input) { return input % kTileInputs % 16 * 2 + input % kTileInputs / 16; }

// The kernels for processors without tiles: for tests of everything around them.

void StoreParts(float value, int input, TileParts parts, std::uint16_t* pixel) {
  const auto values = PartsOf(value, parts);
  std::uint16_t* tile =
      pixel + std::ptrdiff_t{input / kTileInputs} * kTileInputs * Count(parts) + PlaceInTile(input);
  for (int p = 0; p < Count(parts); ++p) tile[std::ptrdiff_t{p} * kTileInputs] = values[p];
}

void PortableSplit(const PackedTilePointwise& weights, const PointwiseInput& in, int pixels,
                   const SplitPixels& split) {
  for (int p = 0; p < pixels; ++p) {
    const float* pixel = in.data + p / in.width * in.row_stride + p % in.width * in.pixel_stride;
    std::uint16_t* to = split.values + p * split.stride;
    for (int i = 0; i < weights.in; ++i) {
      StoreParts(pixel[i / in.run_length * in.run_stride + i % in.run_length], i, weights.parts,
                 to);
    }
    for (int i = weights.in; i % kTileInputs != 0; ++i) StoreParts(0, i, weights.parts, to);
  }
}

// Where the first part of an input's weight lies.
std::size_t WeightAt(const PackedTilePointwise& weights, int output, int input) {
  const std::size_t panel = output / kChannelBlock * SplitStride(weights.in, weights.parts);
  const std::size_t tile = SplitStride(input / kTileInputs * kTileInputs, weights.parts);
  return (panel + tile) * kChannelBlock +
         static_cast<std::size_t>(PlaceInTile(input) / 2) * 2 * kChannelBlock +
         static_cast<std::size_t>(output % kChannelBlock) * 2 + PlaceInTile(input) % 2;
}

double PortableSum(const PackedTilePointwise& weights, int output, Inputs inputs,
                   const std::uint16_t* in) {
  double sum = 0;
  for (int i = 0; i < inputs.count; ++i) {
    const std::uint16_t* w = weights.weights.data() + WeightAt(weights, output, inputs.first + i);
    const std::uint16_t* x =
        in + std::ptrdiff_t{i / kTileInputs} * kTileInputs * Count(weights.parts) + PlaceInTile(i);
    for (int a = 0; a < Count(weights.parts); ++a) {
      for (int b = 0; a + b < Count(weights.parts); ++b) {
        sum += static_cast<double>(FromBfloat16(x[std::ptrdiff_t{a} * kTileInputs])) *
               FromBfloat16(w[std::ptrdiff_t{b} * kTileInputs * kChannelBlock]);
      }
    }
  }
  return sum;
}

void PortablePointwiseRelu(const PackedTilePointwise& weights, Channels channels,
                           const SplitPixels& in, int pixels, const SplitPixels& split,
                           const WeightsNext& /*next*/) {
  for (int p = 0; p < pixels; ++p) {
    std::uint16_t* to = split.values + p * split.stride;
    for (int c = 0; c < channels.count; ++c) {
      const int output = channels.first + c;
      const auto sum =
          static_cast<float>(weights.bias[output] + PortableSum(weights, output, {0, weights.in},
                                                                in.values + p * in.stride));
      StoreParts(sum < 0 ? 0 : sum, c, weights.parts, to);
    }
    for (int c = channels.count; c % kTileInputs != 0; ++c) StoreParts(0, c, weights.parts, to);
  }
}

void PortablePointwise(const PackedTilePointwise& weights, Inputs inputs, const SplitPixels& in,
                       int pixels, Activation activation, const ConstPixels& residual,
                       const Pixels& out, const WeightsNext& /*next*/) {
  const bool relu = activation == Activation::kRelu && inputs.first + inputs.count == weights.in;
  for (int p = 0; p < pixels; ++p) {
    for (int o = 0; o < weights.out; ++o) {
      float start = inputs.first == 0 ? weights.bias[o] : out.At(p)[o];
      if (inputs.first == 0 && residual.data != nullptr) start += residual.At(p)[o];
      const auto sum =
          static_cast<float>(start + PortableSum(weights, o, inputs, in.values + p * in.stride));
      out.At(p)[o] = relu && sum < 0 ? 0 : sum;
    }
  }
}

}  // namespace

bool HasTiles() { return TilesChosen(); }

PackedTilePointwise PackTilePointwise(std::span<const float> weight, std::span<const float> bias,
                                      int in, int out, TileParts parts) {
  CNP_CHECK(weight.size() == static_cast<std::size_t>(in) * out, "weight is not [out, in]");
  CNP_CHECK(bias.size() == static_cast<std::size_t>(out), "bias is not [out]");
  PackedTilePointwise packed{.parts = parts, .in = in, .out = PaddedChannels(out)};
  packed.weights.resize(packed.out * SplitStride(in, parts));
  packed.bias.resize(packed.out);
  std::copy(bias.begin(), bias.end(), packed.bias.begin());
  constexpr std::ptrdiff_t kPart = std::ptrdiff_t{kTileInputs} * kChannelBlock;
  std::uint16_t* to = packed.weights.data();
  for (int panel = 0; panel < packed.out; panel += kChannelBlock) {
    for (int tile = 0; tile < in; tile += kTileInputs) {
      // In the order in which they lie: pair, output, input of the pair.
      for (int at = 0; at < kPart; ++at) {
        const int output = panel + at / 2 % kChannelBlock;
        const int input = tile + at / (2 * kChannelBlock) + at % 2 * (kTileInputs / 2);
        if (output >= out || input >= in) continue;
        const auto values = PartsOf(weight[static_cast<std::size_t>(output) * in + input], parts);
        for (int p = 0; p < Count(parts); ++p) to[p * kPart + at] = values[p];
      }
      to += Count(parts) * kPart;
    }
  }
  return packed;
}

void Split(const PackedTilePointwise& weights, const PointwiseInput& in, int pixels,
           const SplitPixels& split) {
  CNP_CHECK(in.runs == 1 || in.run_length % kChannelBlock == 0, "runs are whole channel blocks");
  CNP_CHECK(in.runs * in.run_length >= weights.in, "runs do not hold the layer's inputs");
  (HasTiles() ? AmxSplit : PortableSplit)(weights, in, pixels, split);
}

void TilePointwiseRelu(const PackedTilePointwise& weights, Channels channels, const SplitPixels& in,
                       int pixels, const SplitPixels& split, const WeightsNext& next) {
  CNP_CHECK(channels.first % kTileInputs == 0 && channels.count % kChannelBlock == 0 &&
                channels.first + channels.count <= weights.out,
            "channels are whole blocks of the layer");
  (HasTiles() ? AmxPointwiseRelu : PortablePointwiseRelu)(weights, channels, in, pixels, split,
                                                          next);
}

void TilePointwise(const PackedTilePointwise& weights, Inputs inputs, const SplitPixels& in,
                   int pixels, Activation activation, const ConstPixels& residual,
                   const Pixels& out, const WeightsNext& next) {
  const int end = inputs.first + inputs.count;
  CNP_CHECK(inputs.first % kTileInputs == 0 && (end % kTileInputs == 0 || end == weights.in) &&
                end <= weights.in,
            "inputs are whole tiles of the layer");
  (HasTiles() ? AmxPointwise : PortablePointwise)(weights, inputs, in, pixels, activation, residual,
                                                  out, next);
}

}  // namespace cnp::engine
