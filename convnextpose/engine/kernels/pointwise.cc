#include "convnextpose/engine/kernels/pointwise.h"

#include <algorithm>

#include "convnextpose/base/check.h"

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
constexpr bool k32Registers = HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64;
constexpr int kMaxVecs = k32Registers ? 4 : 2;
constexpr int RowsFor(int vecs) {
  if (!k32Registers) return 6;
  return vecs == 4 ? 6 : vecs == 3 ? 8 : 12;
}

// Where the kernel finds the weights of a padded output channel.
const float* PanelOf(const PackedPointwise& weights, std::ptrdiff_t channel) {
  return weights.weights.data() + channel / kChannelBlock * weights.in * kChannelBlock +
         channel % kChannelBlock;
}

template <int kVecs>
HWY_INLINE void StoreRow(const V* sums, bool relu, const float* HWY_RESTRICT residual, float* out) {
  const D d;
  for (int v = 0; v < kVecs; ++v) {
    V value = sums[v];
    // IfThenElse, not Max: keeps NaN visible on every instruction set.
    if (relu) value = hn::IfThenElse(hn::Lt(value, hn::Zero(d)), hn::Zero(d), value);
    if (residual != nullptr) value = hn::Add(value, hn::LoadU(d, residual + v * kLanes));
    hn::StoreU(value, d, out + v * kLanes);
  }
}

template <int kRows, int kVecs>
HWY_INLINE void Tile(const PackedPointwise& weights, int channel, const float* HWY_RESTRICT in,
                     std::ptrdiff_t in_stride, int pixel, const Epilogue& epilogue,
                     const Pixels& out) {
  const D d;
  const float* panels[kVecs];
  V sums[kRows][kVecs];
  for (int v = 0; v < kVecs; ++v) {
    panels[v] = PanelOf(weights, channel + v * kLanes);
    const V bias = hn::Load(d, weights.bias.data() + channel + v * kLanes);
    for (int r = 0; r < kRows; ++r) sums[r][v] = bias;
  }
  const float* HWY_RESTRICT rows = in + pixel * in_stride;
  for (int i = 0; i < weights.in; ++i) {
    V w[kVecs];
    for (int v = 0; v < kVecs; ++v) {
      w[v] = hn::Load(d, panels[v] + std::ptrdiff_t{i} * kChannelBlock);
    }
    for (int r = 0; r < kRows; ++r) {
      const V x = hn::Set(d, rows[r * in_stride + i]);
      for (int v = 0; v < kVecs; ++v) sums[r][v] = hn::MulAdd(x, w[v], sums[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    const float* residual =
        epilogue.residual.data != nullptr ? epilogue.residual.At(pixel + r) + channel : nullptr;
    StoreRow<kVecs>(sums[r], epilogue.relu, residual, out.At(pixel + r) + channel);
  }
}

// All pixels of one group of columns: full tiles first, then tiles of 4, 2 and 1 pixels.
template <int kVecs>
void Columns(const PackedPointwise& weights, int channel, const float* in, std::ptrdiff_t in_stride,
             int pixels, const Epilogue& epilogue, const Pixels& out) {
  constexpr int kRows = RowsFor(kVecs);
  int p = 0;
  for (; p + kRows <= pixels; p += kRows) {
    Tile<kRows, kVecs>(weights, channel, in, in_stride, p, epilogue, out);
  }
  for (; p + 4 <= pixels; p += 4) {
    Tile<4, kVecs>(weights, channel, in, in_stride, p, epilogue, out);
  }
  if (p + 2 <= pixels) {
    Tile<2, kVecs>(weights, channel, in, in_stride, p, epilogue, out);
    p += 2;
  }
  if (p < pixels) Tile<1, kVecs>(weights, channel, in, in_stride, p, epilogue, out);
}

void PointwiseImpl(const PackedPointwise& weights, const float* in, std::ptrdiff_t in_stride,
                   int pixels, const Epilogue& epilogue, const Pixels& out) {
  const int vectors = weights.out / static_cast<int>(kLanes);
  const int groups = (vectors + kMaxVecs - 1) / kMaxVecs;
  int channel = 0;
  for (int g = 0; g < groups; ++g) {
    // Evenly: 5 vectors are 3 + 2, for a tile of one column would starve the multipliers.
    const int vecs = (vectors * (g + 1)) / groups - (vectors * g) / groups;
    if constexpr (k32Registers) {
      constexpr decltype(&Columns<1>) kColumns[] = {Columns<1>, Columns<2>, Columns<3>, Columns<4>};
      kColumns[vecs - 1](weights, channel, in, in_stride, pixels, epilogue, out);
    } else {
      Columns<kMaxVecs>(weights, channel, in, in_stride, pixels, epilogue, out);
    }
    channel += vecs * static_cast<int>(kLanes);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {

HWY_EXPORT(PointwiseImpl);

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

void Pointwise(const PackedPointwise& weights, const float* in, std::ptrdiff_t in_stride,
               int pixels, const Epilogue& epilogue, const Pixels& out) {
  HWY_DYNAMIC_DISPATCH(PointwiseImpl)(weights, in, in_stride, pixels, epilogue, out);
}

}  // namespace cnp::engine
#endif  // HWY_ONCE
