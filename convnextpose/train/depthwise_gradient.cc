#include "convnextpose/train/depthwise_gradient.h"

#include <algorithm>
#include <utility>

#include "convnextpose/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/train/depthwise_gradient.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cnp::train::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, 16>;  // What DepthwisePadded rounds up to holds them all.
using V = hn::VFromD<D>;

// Input kOffset meets output s of the strip through tap kOffset - s.
template <int kKernel, int kStrip, int kOffset>
HWY_INLINE void AddInput(const V& input, const V* gradients, V* taps) {
  for (int s = std::max(0, kOffset - kKernel + 1); s <= std::min(kStrip - 1, kOffset); ++s) {
    taps[kOffset - s] = hn::MulAdd(gradients[s], input, taps[kOffset - s]);
  }
}

// Unrolled by the pack expansion, so that taps stay in registers.
template <int kKernel, int kStrip, int... kOffsets>
HWY_INLINE void AddInputs(const float* HWY_RESTRICT x, std::ptrdiff_t stride, const V* gradients,
                          V* taps, std::integer_sequence<int, kOffsets...>) {
  (AddInput<kKernel, kStrip, kOffsets>(hn::LoadU(D(), x + kOffsets * stride), gradients, taps),
   ...);
}

/// One vector of channels. All have DepthwisePadded channels a pixel.
struct Part {
  const DepthwiseShape& shape;
  PaddedPicture x;         ///< [height + kernel - 1, width + kernel - 1]
  PaddedPicture gradient;  ///< [height, width]
  std::ptrdiff_t stride;   ///< Channels of a pixel.
  float* sums;             ///< [kernel, kernel]
};

template <int kKernel, int kStrip>
HWY_INLINE void AddStrip(const Part& part, const float* x, const float* gradient, V* taps) {
  V gradients[kStrip];
  for (int s = 0; s < kStrip; ++s) gradients[s] = hn::LoadU(D(), gradient + s * part.stride);
  AddInputs<kKernel, kStrip>(x, part.stride, gradients, taps,
                             std::make_integer_sequence<int, kKernel + kStrip - 1>());
}

template <int kKernel>
void AddPart(const Part& part) {
  const D d;
  constexpr int kStrip = 4;
  const auto [height, width, _, kernel] = part.shape;
  const std::ptrdiff_t stride = part.stride;
  for (int i = 0; i < kernel; ++i) {
    float* const sums = part.sums + stride * i * kernel;
    V taps[kKernel];
    for (int j = 0; j < kKernel; ++j) taps[j] = hn::LoadU(d, sums + stride * j);
    for (int row = 0; row < height; ++row) {
      const float* const x = part.x.data + (row + i) * part.x.row;
      const float* const gradient = part.gradient.data + row * part.gradient.row;
      int column = 0;
      for (; column + kStrip <= width; column += kStrip) {
        AddStrip<kKernel, kStrip>(part, x + column * stride, gradient + column * stride, taps);
      }
      for (; column < width; ++column) {
        AddStrip<kKernel, 1>(part, x + column * stride, gradient + column * stride, taps);
      }
    }
    for (int j = 0; j < kKernel; ++j) hn::StoreU(taps[j], d, sums + stride * j);
  }
}

// Any other kernel: a tap at a time.
void AddPartOfAnySize(const Part& part) {
  const D d;
  const auto [height, width, _, kernel] = part.shape;
  const std::ptrdiff_t stride = part.stride;
  for (int tap = 0; tap < kernel * kernel; ++tap) {
    float* const sums = part.sums + stride * tap;
    V sum[1] = {hn::LoadU(d, sums)};
    for (int row = 0; row < height; ++row) {
      for (int column = 0; column < width; ++column) {
        AddStrip<1, 1>(
            part,
            part.x.data + (row + tap / kernel) * part.x.row + (column + tap % kernel) * stride,
            part.gradient.data + row * part.gradient.row + column * stride, sum);
      }
    }
    hn::StoreU(sum[0], d, sums);
  }
}

void AddGradient(const DepthwiseShape& shape, const PaddedPicture& x, const PaddedPicture& gradient,
                 float* sums) {
  const auto lanes = static_cast<int>(hn::Lanes(D()));
  const int padded = DepthwisePadded(shape.channels);
  for (int channel = 0; channel < padded; channel += lanes) {
    const Part part = {shape,
                       {x.data + channel, x.row},
                       {gradient.data + channel, gradient.row},
                       padded,
                       sums + channel};
    switch (shape.kernel) {
      case 3:
        AddPart<3>(part);
        break;
      case 7:
        AddPart<7>(part);
        break;
      default:
        AddPartOfAnySize(part);
    }
  }
}

}  // namespace
}  // namespace cnp::train::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::train {
namespace {

HWY_EXPORT(AddGradient);

constexpr int kWidest = 16;  // Floats of a vector.

std::size_t PaddedFloats(const DepthwiseShape& shape, int border) {
  return static_cast<std::size_t>(shape.height + 2 * border) * (shape.width + 2 * border) *
         DepthwisePadded(shape.channels);
}

// With a border of zeros, and channels up to whole vectors.
void Pad(const DepthwiseShape& shape, int border, const float* values, float* padded) {
  const int stride = DepthwisePadded(shape.channels);
  std::fill_n(padded, PaddedFloats(shape, border), 0.0F);
  for (int row = 0; row < shape.height; ++row) {
    for (int column = 0; column < shape.width; ++column) {
      const std::ptrdiff_t pixel =
          std::ptrdiff_t{row + border} * (shape.width + 2 * border) + column + border;
      std::copy_n(values, shape.channels, padded + pixel * stride);
      values += shape.channels;
    }
  }
}

}  // namespace

int DepthwisePadded(int channels) { return (channels + kWidest - 1) / kWidest * kWidest; }

std::size_t DepthwiseSums(const DepthwiseShape& shape) {
  return static_cast<std::size_t>(shape.kernel) * shape.kernel * DepthwisePadded(shape.channels);
}

std::size_t DepthwiseScratch(const DepthwiseShape& shape) {
  return PaddedFloats(shape, shape.kernel / 2) + PaddedFloats(shape, 0);
}

void AddDepthwiseGradient(const DepthwiseShape& shape, const PaddedPicture& x,
                          const PaddedPicture& gradient, float* sums) {
  CNP_CHECK(shape.kernel % 2 == 1, "an odd kernel");
  HWY_DYNAMIC_DISPATCH(AddGradient)(shape, x, gradient, sums);
}

void AddDepthwiseGradient(const DepthwiseShape& shape, const float* x, const float* gradient,
                          float* scratch, float* sums) {
  float* const padded_gradient = scratch + PaddedFloats(shape, shape.kernel / 2);
  Pad(shape, shape.kernel / 2, x, scratch);
  Pad(shape, 0, gradient, padded_gradient);
  const std::ptrdiff_t channels = DepthwisePadded(shape.channels);
  AddDepthwiseGradient(shape, {scratch, (shape.width + shape.kernel - 1) * channels},
                       {padded_gradient, shape.width * channels}, sums);
}

}  // namespace cnp::train
#endif  // HWY_ONCE
