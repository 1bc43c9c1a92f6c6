#include "convnextpose/train/soft_argmax_kernel.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "convnextpose/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/train/soft_argmax_kernel.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cnp::train::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using D = hn::CappedTag<float, kDepthStep>;
using V = hn::VFromD<D>;
using Bits = hn::RebindToUnsigned<D>;
using HalfBits = hn::Rebind<std::uint16_t, D>;

HWY_INLINE V LoadLogits(const float* from) { return hn::LoadU(D(), from); }
HWY_INLINE V LoadLogits(const Bfloat16* from) {
  const auto bits = hn::LoadU(HalfBits(), reinterpret_cast<const std::uint16_t*>(from));
  return hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(Bits(), bits)));
}

HWY_INLINE void StoreLogits(const V& values, float* to) { hn::StoreU(values, D(), to); }
// To the nearest, halves to even.
HWY_INLINE void StoreLogits(const V& values, Bfloat16* to) {
  const Bits d;
  const auto bits = hn::BitCast(d, values);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1));
  const auto rounded = hn::ShiftRight<16>(hn::Add(hn::Add(bits, odd), hn::Set(d, 0x7FFF)));
  const auto half = hn::DemoteTo(HalfBits(), hn::BitCast(hn::RebindToSigned<D>(), rounded));
  hn::StoreU(half, HalfBits(), reinterpret_cast<std::uint16_t*>(to));
}

float SumOf(const V& values) { return hn::GetLane(hn::SumOfLanes(D(), values)); }

template <typename T>
float Largest(const HeatmapShape& shape, const T* logits) {
  const auto lanes = static_cast<int>(hn::Lanes(D()));
  const int channels = shape.joints * shape.depth;
  V largest = hn::Set(D(), std::numeric_limits<float>::lowest());
  for (int pixel = 0; pixel < shape.height * shape.width; ++pixel) {
    for (int z = 0; z < shape.depth; z += lanes) {
      largest = hn::Max(largest, LoadLogits(logits + std::ptrdiff_t{pixel} * channels + z));
    }
  }
  return hn::GetLane(hn::MaxOfLanes(D(), largest));
}

// `logits` begin at the joint's first.
template <typename T>
JointMoments MomentsOf(const HeatmapShape& shape, const T* logits) {
  const D d;
  const auto lanes = static_cast<int>(hn::Lanes(d));
  const std::ptrdiff_t channels = std::ptrdiff_t{shape.joints} * shape.depth;
  const float largest = Largest(shape, logits);
  const V zero = hn::Zero(d);
  V sum = zero;
  V sum_x = zero;
  V sum_y = zero;
  V sum_z = zero;
  for (int part = 0; part < shape.depth; part += lanes) {
    V column_sum = zero;
    const T* from = logits + part;
    for (int y = 0; y < shape.height; ++y) {
      V row_sum = zero;
      for (int x = 0; x < shape.width; ++x, from += channels) {
        const V logit = LoadLogits(from);
        // Times 0: what is not finite stays so, which the exponential may hide.
        const V e = hn::MulAdd(logit, zero, hn::Exp(d, hn::Sub(logit, hn::Set(d, largest))));
        row_sum = hn::Add(row_sum, e);
        sum_x = hn::MulAdd(e, hn::Set(d, static_cast<float>(x)), sum_x);
      }
      column_sum = hn::Add(column_sum, row_sum);
      sum_y = hn::MulAdd(row_sum, hn::Set(d, static_cast<float>(y)), sum_y);
    }
    sum = hn::Add(sum, column_sum);
    sum_z = hn::MulAdd(column_sum, hn::Iota(d, static_cast<float>(part)), sum_z);
  }
  const float total = SumOf(sum);
  return {largest, total, {SumOf(sum_x) / total, SumOf(sum_y) / total, SumOf(sum_z) / total}};
}

template <typename T>
void FindAll(const HeatmapShape& shape, const T* logits, JointMoments* moments) {
  for (int joint = 0; joint < shape.joints; ++joint) {
    moments[joint] = MomentsOf(shape, logits + std::ptrdiff_t{joint} * shape.depth);
  }
}

// Of a mean's derivative: d mean / d logit = probability * (coordinate - mean).
template <typename T>
void GradientOf(const HeatmapShape& shape, const T* logits, const JointMoments& moments,
                const float* gradient, T* out) {
  const D d;
  const auto lanes = static_cast<int>(hn::Lanes(d));
  const std::ptrdiff_t channels = std::ptrdiff_t{shape.joints} * shape.depth;
  const V largest = hn::Set(d, moments.largest);
  const V scale = hn::Set(d, 1 / moments.sum);
  const V slope_z = hn::Set(d, gradient[2]);
  std::ptrdiff_t pixel = 0;
  for (int y = 0; y < shape.height; ++y) {
    for (int x = 0; x < shape.width; ++x, pixel += channels) {
      const float plane = gradient[0] * (static_cast<float>(x) - moments.mean[0]) +
                          gradient[1] * (static_cast<float>(y) - moments.mean[1]);
      for (int part = 0; part < shape.depth; part += lanes) {
        const V e = hn::Exp(d, hn::Sub(LoadLogits(logits + pixel + part), largest));
        const V z = hn::Iota(d, static_cast<float>(part) - moments.mean[2]);
        const V slope = hn::MulAdd(slope_z, z, hn::Set(d, plane));
        StoreLogits(hn::Mul(hn::Mul(e, scale), slope), out + pixel + part);
      }
    }
  }
}

template <typename T>
void AllGradients(const HeatmapShape& shape, const T* logits, const JointMoments* moments,
                  const float* gradients, T* out) {
  for (int joint = 0; joint < shape.joints; ++joint) {
    const std::ptrdiff_t first = std::ptrdiff_t{joint} * shape.depth;
    GradientOf(shape, logits + first, moments[joint], gradients + std::ptrdiff_t{3} * joint,
               out + first);
  }
}

void FindFloat(const HeatmapShape& shape, const float* logits, JointMoments* moments) {
  FindAll(shape, logits, moments);
}
void FindBfloat16(const HeatmapShape& shape, const Bfloat16* logits, JointMoments* moments) {
  FindAll(shape, logits, moments);
}
void GradientFloat(const HeatmapShape& shape, const float* logits, const JointMoments* moments,
                   const float* gradients, float* out) {
  AllGradients(shape, logits, moments, gradients, out);
}
void GradientBfloat16(const HeatmapShape& shape, const Bfloat16* logits,
                      const JointMoments* moments, const float* gradients, Bfloat16* out) {
  AllGradients(shape, logits, moments, gradients, out);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::train::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::train {
namespace {

HWY_EXPORT(FindFloat);
HWY_EXPORT(FindBfloat16);
HWY_EXPORT(GradientFloat);
HWY_EXPORT(GradientBfloat16);

void CheckShape(const HeatmapShape& shape) {
  CNP_CHECK(shape.depth > 0 && shape.depth % kDepthStep == 0, "whole vectors of depth bins");
}

}  // namespace

void FindMoments(const HeatmapShape& shape, const float* logits, JointMoments* moments) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(FindFloat)(shape, logits, moments);
}

void FindMoments(const HeatmapShape& shape, const Bfloat16* logits, JointMoments* moments) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(FindBfloat16)(shape, logits, moments);
}

void MomentsGradient(const HeatmapShape& shape, const float* logits, const JointMoments* moments,
                     const float* gradients, float* out) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(GradientFloat)(shape, logits, moments, gradients, out);
}

void MomentsGradient(const HeatmapShape& shape, const Bfloat16* logits, const JointMoments* moments,
                     const float* gradients, Bfloat16* out) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(GradientBfloat16)(shape, logits, moments, gradients, out);
}

}  // namespace cnp::train
#endif  // HWY_ONCE
