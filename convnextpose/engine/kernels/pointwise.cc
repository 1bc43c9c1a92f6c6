#include "convnextpose/engine/kernels/pointwise.h"

#include <algorithm>
#include <cmath>

#include "convnextpose/base/check.h"
#include "convnextpose/engine/isa.h"
#include "convnextpose/engine/kernels/half_arm.h"
#include "convnextpose/engine/kernels/prefetch.h"

#ifdef CNP_HALF_ARM
#include <sys/auxv.h>
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/pointwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "convnextpose/engine/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// Register tiles of kRows pixels x kVecs vectors. The accumulators, one row of weights and one
// broadcast input must fit the register file, and at least 8 accumulators hide the latency of the
// multiply-add.
constexpr int kMaxVecs = k32Registers ? 4 : 2;
constexpr int RowsFor(int vecs) {
  if (!k32Registers) return 6;
  return vecs == 4 ? 6 : vecs == 3 ? 8 : 12;
}

// Where the kernel finds the weights of a padded output channel.
template <class Packed>
HWY_INLINE const auto* PanelOf(const Packed& weights, std::ptrdiff_t channel) {
  return weights.weights.data() + channel / kChannelBlock * weights.in * kChannelBlock +
         channel % kChannelBlock;
}

HWY_INLINE V LoadWeights(const float* weights) { return hn::Load(D(), weights); }
HWY_INLINE V LoadWeights(const std::uint16_t* weights) {
  const hn::Rebind<hwy::float16_t, D> d16;
  return hn::PromoteTo(D(), hn::Load(d16, reinterpret_cast<const hwy::float16_t*>(weights)));
}

HWY_INLINE V Scaled(const PackedPointwise&, V value) { return value; }
HWY_INLINE V Scaled(const PackedHalfPointwise& weights, V value) {
  return hn::Mul(value, hn::Set(D(), weights.scale));
}

template <int kRows, int kVecs, class Packed>
HWY_INLINE void Tile(const Packed& weights, int channel, const PointwiseInput& in,
                     Activation activation, float* const* out, Prefetch::Stretch next) {
  const D d;
  decltype(weights.weights.data()) panels[kVecs];
  V sums[kRows][kVecs];
  for (int v = 0; v < kVecs; ++v) {
    panels[v] = PanelOf(weights, channel + v * kLanes);
    const V bias = hn::Load(d, weights.bias.data() + channel + v * kLanes);
    for (int r = 0; r < kRows; ++r) sums[r][v] = bias;
  }
  const std::ptrdiff_t stride = in.pixel_stride;
  const float* HWY_RESTRICT run = in.data;
  for (int k = 0; k < in.runs; ++k) {
    for (int i = 0; i < in.run_length; ++i) {
      next.Next();
      V w[kVecs];
      for (int v = 0; v < kVecs; ++v) {
        w[v] = LoadWeights(panels[v] + std::ptrdiff_t{i} * kChannelBlock);
      }
      for (int r = 0; r < kRows; ++r) {
        const V x = hn::Set(d, run[r * stride + i]);
        for (int v = 0; v < kVecs; ++v) sums[r][v] = hn::MulAdd(x, w[v], sums[r][v]);
      }
    }
    run += in.run_stride;
    for (int v = 0; v < kVecs; ++v) panels[v] += std::ptrdiff_t{in.run_length} * kChannelBlock;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) {
      const V sum = Scaled(weights, sums[r][v]);
      hn::StoreU(activation == Activation::kRelu ? Relu(sum) : sum, d, out[r] + v * kLanes);
    }
  }
}

// The pixels of a row that are left, and where their results go.
struct Rest {
  PointwiseInput in;
  int pixels;
  PixelCursor<float> out;
  Prefetch next_weights;
};

// As many tiles of kRows pixels as there are pixels for.
template <int kRows, int kVecs, class Packed>
HWY_INLINE void Tiles(const Packed& weights, int channel, Activation activation, Rest& rest) {
  for (; rest.pixels >= kRows; rest.pixels -= kRows) {
    float* out[kRows];
    for (int r = 0; r < kRows; ++r) out[r] = rest.out.Next();
    Tile<kRows, kVecs>(weights, channel, rest.in, activation, out,
                       rest.next_weights.Step(weights.in));
    rest.in.data += kRows * rest.in.pixel_stride;
  }
}

// All pixels of one group of columns, row by row: full tiles first, then tiles of 4, 2 and 1.
template <int kVecs, class Packed>
void Columns(const Packed& weights, int channel, const PointwiseInput& in, int pixels,
             Activation activation, const Pixels& out) {
  constexpr int kRows = RowsFor(kVecs);
  constexpr auto kBytes = static_cast<std::ptrdiff_t>(sizeof(weights.weights[0]));
  Rest rest = {in, 0, PixelCursor<float>(out),
               Prefetch(weights.weights.size() * kBytes, PanelOf(weights, channel + kVecs * kLanes),
                        kBytes * weights.in * kVecs * kLanes, pixels / kRows)};
  for (int row = 0; pixels > 0; ++row, pixels -= in.width) {
    rest.in.data = in.data + row * in.row_stride;
    rest.pixels = std::min(pixels, in.width);
    Tiles<kRows, kVecs>(weights, channel, activation, rest);
    Tiles<4, kVecs>(weights, channel, activation, rest);
    Tiles<2, kVecs>(weights, channel, activation, rest);
    Tiles<1, kVecs>(weights, channel, activation, rest);
  }
}

template <class Packed>
void AllColumns(const Packed& weights, Channels channels, const PointwiseInput& in, int pixels,
                Activation activation, const Pixels& out) {
  const int vectors = channels.count / static_cast<int>(kLanes);
  const int groups = (vectors + kMaxVecs - 1) / kMaxVecs;
  int done = 0;
  for (int g = 0; g < groups; ++g) {
    // Evenly: 5 vectors are 3 + 2, for a tile of one column would starve the multipliers.
    const int vecs = (vectors * (g + 1)) / groups - (vectors * g) / groups;
    Pixels group = out;
    group.data += done;
    const int channel = channels.first + done;
    if constexpr (k32Registers) {
      constexpr decltype(&Columns<1, Packed>) kColumns[] = {Columns<1, Packed>, Columns<2, Packed>,
                                                            Columns<3, Packed>, Columns<4, Packed>};
      kColumns[vecs - 1](weights, channel, in, pixels, activation, group);
    } else {
      Columns<kMaxVecs>(weights, channel, in, pixels, activation, group);
    }
    done += vecs * static_cast<int>(kLanes);
  }
}

void PointwiseImpl(const PackedPointwise& weights, Channels channels, const PointwiseInput& in,
                   int pixels, Activation activation, const Pixels& out) {
  AllColumns(weights, channels, in, pixels, activation, out);
}
void HalfPointwiseImpl(const PackedHalfPointwise& weights, Channels channels,
                       const PointwiseInput& in, int pixels, Activation activation,
                       const Pixels& out) {
  AllColumns(weights, channels, in, pixels, activation, out);
}

// Rounds `count` floats, a multiple of kChannelBlock, times `factor` to half precision.
void ToHalfImpl(const float* from, std::size_t count, float factor, std::uint16_t* to) {
  const D d;
  const hn::Rebind<hwy::float16_t, D> d16;
  for (std::size_t i = 0; i < count; i += kLanes) {
    const V value = hn::Mul(hn::Load(d, from + i), hn::Set(d, factor));
    hn::Store(hn::DemoteTo(d16, value), d16, reinterpret_cast<hwy::float16_t*>(to + i));
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {

HWY_EXPORT(PointwiseImpl);
HWY_EXPORT(HalfPointwiseImpl);
HWY_EXPORT(ToHalfImpl);

namespace {

template <class Packed>
void CheckCall(const Packed& weights, Channels channels, const PointwiseInput& in) {
  CNP_CHECK(channels.first % kChannelBlock == 0 && channels.count % kChannelBlock == 0 &&
                channels.first + channels.count <= weights.out,
            "channels are whole blocks of the layer");
  CNP_CHECK(in.runs * in.run_length == weights.in, "runs do not hold the layer's inputs");
}

}  // namespace

PackedPointwise PackPointwise(std::span<const float> weight, std::span<const float> bias, int in,
                              int out) {
  CNP_CHECK(weight.size() == static_cast<std::size_t>(in) * out, "weight is not [out, in]");
  CNP_CHECK(bias.size() == static_cast<std::size_t>(out), "bias is not [out]");
  PackedPointwise packed{.in = in, .out = PaddedChannels(out)};
  packed.weights.resize(static_cast<std::size_t>(packed.out) * in);
  packed.bias.resize(packed.out);
  std::copy(bias.begin(), bias.end(), packed.bias.begin());
  for (int o = 0; o < out; ++o) {
    const std::size_t panel = static_cast<std::size_t>(o / kChannelBlock) * in * kChannelBlock;
    for (int i = 0; i < in; ++i) {
      packed.weights[panel + static_cast<std::size_t>(i) * kChannelBlock + o % kChannelBlock] =
          weight[static_cast<std::size_t>(o) * in + i];
    }
  }
  return packed;
}

PackedHalfPointwise PackHalfPointwise(std::span<const float> weight, std::span<const float> bias,
                                      int in, int out) {
  const PackedPointwise full = PackPointwise(weight, bias, in, out);
  float largest = 0;
  for (const float w : weight) {
    if (std::isfinite(w)) largest = std::max(largest, std::abs(w));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  exponent = std::max(exponent, -100);  // 1 / scale must be finite.
  PackedHalfPointwise half{.in = full.in,
                           .out = full.out,
                           .scale = std::ldexp(1.0F, exponent),
                           .half_sums = out / 4 >= in};
  half.weights.resize(full.weights.size());
  HWY_DYNAMIC_DISPATCH(ToHalfImpl)
  (full.weights.data(), full.weights.size(), 1 / half.scale, half.weights.data());
  half.bias = full.bias;
  for (float& value : half.bias) value /= half.scale;
  // Highway's own conversions, where the processor has none, make finite numbers of infinities.
  for (std::size_t i = 0; i < weight.size(); ++i) {
    if (!std::isfinite(weight[i])) half.bias[i / in] = std::numeric_limits<float>::quiet_NaN();
  }
  return half;
}

void Pointwise(const PackedPointwise& weights, Channels channels, const PointwiseInput& in,
               int pixels, Activation activation, const Pixels& out) {
  CheckCall(weights, channels, in);
  HWY_DYNAMIC_DISPATCH(PointwiseImpl)(weights, channels, in, pixels, activation, out);
}

void Pointwise(const PackedHalfPointwise& weights, Channels channels, const PointwiseInput& in,
               int pixels, Activation activation, const Pixels& out) {
  CheckCall(weights, channels, in);
#ifdef CNP_HALF_ARM
  if (weights.half_sums && HasHalfArithmetic()) {
    const std::uint16_t* const panels =
        weights.weights.data() + std::ptrdiff_t{channels.first} * weights.in;
    HalfPointwiseArm(
        {weights.in, channels.count, panels, weights.bias.data() + channels.first, weights.scale},
        in, pixels, activation, out);
    return;
  }
#endif
  HWY_DYNAMIC_DISPATCH(HalfPointwiseImpl)(weights, channels, in, pixels, activation, out);
}

bool HasHalfArithmetic() {
#ifdef CNP_HALF_ARM
  static const bool has = (getauxval(AT_HWCAP) & HWCAP_ASIMDHP) != 0;
  return has && OnBestIsa();
#else
  return false;
#endif
}

}  // namespace cnp::engine
#endif  // HWY_ONCE
