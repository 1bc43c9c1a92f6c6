#include "convnextpose/engine/kernels/depthwise.h"

#include <algorithm>
#include <utility>

#include "convnextpose/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/depthwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "convnextpose/engine/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// The input at offset kOffset from the strip's first window: it serves every output s whose window
// holds it, as tap kOffset - s.
template <int kKernel, int kStrip, int kOffset>
HWY_INLINE void AddInput(const V& value, const V* taps, V* sums) {
  for (int s = std::max(0, kOffset - kKernel + 1); s <= std::min(kStrip - 1, kOffset); ++s) {
    sums[s] = hn::MulAdd(value, taps[kOffset - s], sums[s]);
  }
}

// One row of taps. All offsets are unrolled by the pack expansion, so that sums stay in registers.
template <int kKernel, int kStrip, int... kOffsets>
HWY_INLINE void AddRow(const float* HWY_RESTRICT x, std::ptrdiff_t pixel_stride,
                       const float* HWY_RESTRICT w, int channels, V* sums,
                       std::integer_sequence<int, kOffsets...>) {
  const D d;
  V taps[kKernel];
  for (int j = 0; j < kKernel; ++j) taps[j] = hn::Load(d, w + std::ptrdiff_t{j} * channels);
  (AddInput<kKernel, kStrip, kOffsets>(hn::LoadU(d, x + kOffsets * pixel_stride), taps, sums), ...);
}

// The same for a kernel whose size is known at run time only.
template <int kStrip>
HWY_INLINE void AddRowOfAnySize(const float* HWY_RESTRICT x, std::ptrdiff_t pixel_stride,
                                const float* HWY_RESTRICT w, int channels, int kernel, V* sums) {
  const D d;
  for (int j = 0; j < kernel; ++j) {
    const V tap = hn::Load(d, w + std::ptrdiff_t{j} * channels);
    for (int s = 0; s < kStrip; ++s) {
      sums[s] = hn::MulAdd(hn::LoadU(d, x + (s + j) * pixel_stride), tap, sums[s]);
    }
  }
}

// kStrip neighbouring outputs of one vector of channels. kKernel 0: any size.
template <int kKernel, int kStrip>
HWY_INLINE void Strip(const PackedDepthwise& weights, int channel, const ConstPixels& in, int row,
                      int column, float* out, std::ptrdiff_t out_stride) {
  const D d;
  const V bias = hn::Load(d, weights.bias.data() + channel);
  V sums[kStrip];
  for (int s = 0; s < kStrip; ++s) sums[s] = bias;
  for (int i = 0; i < weights.kernel; ++i) {
    const float* x = in.At(row + i, column) + channel;
    const float* w =
        weights.weights.data() + std::ptrdiff_t{i} * weights.kernel * weights.channels + channel;
    if constexpr (kKernel != 0) {
      AddRow<kKernel, kStrip>(x, in.pixel_stride, w, weights.channels, sums,
                              std::make_integer_sequence<int, kStrip + kKernel - 1>());
    } else {
      AddRowOfAnySize<kStrip>(x, in.pixel_stride, w, weights.channels, weights.kernel, sums);
    }
  }
  for (int s = 0; s < kStrip; ++s) hn::StoreU(sums[s], d, out + s * out_stride);
}

template <int kKernel>
void Rows(const PackedDepthwise& weights, const ConstPixels& in, int rows, const Pixels& out) {
  for (int c = 0; c < weights.channels; c += kLanes) {
    for (int y = 0; y < rows; ++y) {
      int x = 0;
      for (; x + 8 <= out.width; x += 8) {
        Strip<kKernel, 8>(weights, c, in, y, x, out.At(y, x) + c, out.pixel_stride);
      }
      for (; x + 4 <= out.width; x += 4) {
        Strip<kKernel, 4>(weights, c, in, y, x, out.At(y, x) + c, out.pixel_stride);
      }
      for (; x < out.width; ++x) {
        Strip<kKernel, 1>(weights, c, in, y, x, out.At(y, x) + c, out.pixel_stride);
      }
    }
  }
}

void DepthwiseImpl(const PackedDepthwise& weights, const ConstPixels& in, int rows,
                   const Pixels& out) {
  switch (weights.kernel) {
    case 3:
      return Rows<3>(weights, in, rows, out);
    case 5:
      return Rows<5>(weights, in, rows, out);
    case 7:
      return Rows<7>(weights, in, rows, out);
    default:
      return Rows<0>(weights, in, rows, out);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {

HWY_EXPORT(DepthwiseImpl);

PackedDepthwise PackDepthwise(std::span<const float> weight, std::span<const float> bias,
                              int channels, int kernel) {
  const std::size_t taps = static_cast<std::size_t>(kernel) * kernel;
  CNP_CHECK(weight.size() == taps * channels, "weight is not [channels, kernel, kernel]");
  CNP_CHECK(bias.size() == static_cast<std::size_t>(channels), "bias is not [channels]");
  PackedDepthwise packed{.kernel = kernel, .channels = PaddedChannels(channels)};
  packed.weights.resize(taps * packed.channels);
  packed.bias.resize(packed.channels);
  std::copy(bias.begin(), bias.end(), packed.bias.begin());
  for (int c = 0; c < channels; ++c) {
    for (std::size_t t = 0; t < taps; ++t) {
      packed.weights[t * packed.channels + c] = weight[c * taps + t];
    }
  }
  return packed;
}

void Depthwise(const PackedDepthwise& weights, const ConstPixels& in, int rows, const Pixels& out) {
  HWY_DYNAMIC_DISPATCH(DepthwiseImpl)(weights, in, rows, out);
}

}  // namespace cnp::engine
#endif  // HWY_ONCE
