#include "convnextpose/train/marginals.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "convnextpose/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/train/marginals.cc"
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

// `logits` begin at the joint's first. `columns` is room for a vector each.
template <typename T>
LogitScale JointMarginals(const HeatmapShape& shape, const T* logits, float* columns,
                          float* marginals) {
  const D d;
  const auto lanes = static_cast<int>(hn::Lanes(d));
  const std::ptrdiff_t channels = std::ptrdiff_t{shape.joints} * shape.depth;
  const V largest = hn::Set(d, Largest(shape, logits));
  const V zero = hn::Zero(d);
  float* const rows = marginals + shape.width;
  float* const depths = rows + shape.height;
  std::fill_n(columns, std::ptrdiff_t{shape.width} * lanes, 0.0F);
  std::fill_n(rows, shape.height, 0.0F);
  for (int part = 0; part < shape.depth; part += lanes) {
    V depth_sums = zero;
    const T* from = logits + part;
    for (int y = 0; y < shape.height; ++y) {
      V row_sums = zero;
      for (int x = 0; x < shape.width; ++x, from += channels) {
        const V logit = LoadLogits(from);
        // Times 0: what is not finite stays so, which the exponential may hide.
        const V e = hn::MulAdd(logit, zero, hn::Exp(d, hn::Sub(logit, largest)));
        row_sums = hn::Add(row_sums, e);
        float* const column = columns + std::ptrdiff_t{x} * lanes;
        hn::StoreU(hn::Add(hn::LoadU(d, column), e), d, column);
      }
      depth_sums = hn::Add(depth_sums, row_sums);
      rows[y] += SumOf(row_sums);
    }
    hn::StoreU(depth_sums, d, depths + part);
  }
  for (int x = 0; x < shape.width; ++x) {
    marginals[x] = SumOf(hn::LoadU(d, columns + std::ptrdiff_t{x} * lanes));
  }
  const float sum = std::accumulate(rows, rows + shape.height, 0.0F);
  for (int i = 0; i < shape.marginals(); ++i) marginals[i] /= sum;
  return {hn::GetLane(largest), sum};
}

template <typename T>
void FindAll(const HeatmapShape& shape, const T* logits, LogitScale* scales, float* marginals) {
  std::vector<float> columns(static_cast<std::size_t>(shape.width) * kDepthStep);
  for (int joint = 0; joint < shape.joints; ++joint) {
    scales[joint] =
        JointMarginals(shape, logits + std::ptrdiff_t{joint} * shape.depth, columns.data(),
                       marginals + std::ptrdiff_t{joint} * shape.marginals());
  }
}

// d sum of g * marginals / d logit = probability * (g of its column, row and bin - their mean).
template <typename T>
void JointGradient(const HeatmapShape& shape, const T* logits, const FoundMarginals& found,
                   T* out) {
  const D d;
  const auto lanes = static_cast<int>(hn::Lanes(d));
  const std::ptrdiff_t channels = std::ptrdiff_t{shape.joints} * shape.depth;
  const V largest = hn::Set(d, found.scales->largest);
  const V scale = hn::Set(d, 1 / found.scales->sum);
  const float* const columns = found.gradients;
  const float* const rows = columns + shape.width;
  const float* const depths = rows + shape.height;
  const float mean =
      std::inner_product(columns, columns + shape.marginals(), found.marginals, 0.0F);
  std::ptrdiff_t pixel = 0;
  for (int y = 0; y < shape.height; ++y) {
    for (int x = 0; x < shape.width; ++x, pixel += channels) {
      const V plane = hn::Set(d, columns[x] + rows[y] - mean);
      for (int part = 0; part < shape.depth; part += lanes) {
        const V e = hn::Exp(d, hn::Sub(LoadLogits(logits + pixel + part), largest));
        const V slope = hn::Add(plane, hn::LoadU(d, depths + part));
        StoreLogits(hn::Mul(hn::Mul(e, scale), slope), out + pixel + part);
      }
    }
  }
}

template <typename T>
void AllGradients(const HeatmapShape& shape, const T* logits, const FoundMarginals& found, T* out) {
  for (int joint = 0; joint < shape.joints; ++joint) {
    const std::ptrdiff_t first = std::ptrdiff_t{joint} * shape.depth;
    const std::ptrdiff_t marginals = std::ptrdiff_t{joint} * shape.marginals();
    JointGradient(shape, logits + first,
                  {found.scales + joint, found.marginals + marginals, found.gradients + marginals},
                  out + first);
  }
}

void FindFloat(const HeatmapShape& shape, const float* logits, LogitScale* scales,
               float* marginals) {
  FindAll(shape, logits, scales, marginals);
}
void FindBfloat16(const HeatmapShape& shape, const Bfloat16* logits, LogitScale* scales,
                  float* marginals) {
  FindAll(shape, logits, scales, marginals);
}
void GradientFloat(const HeatmapShape& shape, const float* logits, const FoundMarginals& found,
                   float* out) {
  AllGradients(shape, logits, found, out);
}
void GradientBfloat16(const HeatmapShape& shape, const Bfloat16* logits,
                      const FoundMarginals& found, Bfloat16* out) {
  AllGradients(shape, logits, found, out);
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

void FindMarginals(const HeatmapShape& shape, const float* logits, LogitScale* scales,
                   float* marginals) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(FindFloat)(shape, logits, scales, marginals);
}

void FindMarginals(const HeatmapShape& shape, const Bfloat16* logits, LogitScale* scales,
                   float* marginals) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(FindBfloat16)(shape, logits, scales, marginals);
}

void MarginalsGradient(const HeatmapShape& shape, const float* logits, const FoundMarginals& found,
                       float* out) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(GradientFloat)(shape, logits, found, out);
}

void MarginalsGradient(const HeatmapShape& shape, const Bfloat16* logits,
                       const FoundMarginals& found, Bfloat16* out) {
  CheckShape(shape);
  HWY_DYNAMIC_DISPATCH(GradientBfloat16)(shape, logits, found, out);
}

}  // namespace cnp::train
#endif  // HWY_ONCE
