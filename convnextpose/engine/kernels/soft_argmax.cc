#include "convnextpose/engine/kernels/soft_argmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "convnextpose/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/soft_argmax.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>
// After highway.h: per-target code.
#include <hwy/contrib/math/math-inl.h>

#include "convnextpose/engine/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// Depth bins are the innermost axis and need not fill whole vectors: calls body(d, bin) for whole
// vectors first, then for the remaining bins one by one.
template <typename Body>
HWY_INLINE void ForEachBin(int bins, const Body& body) {
  int i = 0;
  for (; i + kLanes <= bins; i += kLanes) body(D(), i);
  for (; i < bins; ++i) body(HWY_CAPPED(float, 1)(), i);
}

// The logits of one joint in one row of cells, [width, bins], bins contiguous.
struct LogitRow {
  const float* data;
  std::ptrdiff_t stride;
};

// NaN if any logit is not finite: the vector exp would turn NaN into 0 and hide it.
float MaxLogit(const HeatmapShape& shape, const ConstPixels& logits) {
  float highest = -std::numeric_limits<float>::infinity();
  float poison = 0;  // x - x is 0 for every finite x.
  V highest_lanes = hn::Set(D(), highest);
  V poison_lanes = hn::Zero(D());
  for (int y = 0; y < shape.height; ++y) {
    for (int x = 0; x < shape.width; ++x) {
      const float* cell = logits.At(y, x);
      int i = 0;
      for (; i + kLanes <= shape.depth_bins; i += kLanes) {
        const V value = hn::LoadU(D(), cell + i);
        highest_lanes = hn::Max(highest_lanes, value);
        poison_lanes = hn::Add(poison_lanes, hn::Sub(value, value));
      }
      for (; i < shape.depth_bins; ++i) {
        highest = std::max(highest, cell[i]);
        poison += cell[i] - cell[i];
      }
    }
  }
  highest = std::max(highest, hn::GetLane(hn::MaxOfLanes(D(), highest_lanes)));
  return highest + poison + hn::GetLane(hn::SumOfLanes(D(), poison_lanes));
}

// a + weight * (b - a)
template <class DD>
HWY_INLINE hn::Vec<DD> Mix(DD d, const float* a, const float* b, float weight) {
  const auto low = hn::LoadU(d, a);
  return hn::MulAdd(hn::Set(d, weight), hn::Sub(hn::LoadU(d, b), low), low);
}

// to[x, bin]: the row of cells between two stored rows.
void MixRows(const HeatmapShape& shape, LogitRow a, LogitRow b, float weight, float* to) {
  for (int x = 0; x < shape.width; ++x) {
    ForEachBin(shape.depth_bins, [&](auto d, int i) HWY_ATTR {
      hn::StoreU(Mix(d, a.data + x * a.stride + i, b.data + x * b.stride + i, weight), d,
                 to + std::ptrdiff_t{x} * shape.depth_bins + i);
    });
  }
}

// exp(logit - max) of the cells of one column, between columns a and b: adds each to its bin of
// row_z and returns their sum.
HWY_INLINE float AddColumn(int bins, const float* a, const float* b, float weight, float max,
                           float* row_z) {
  V total = hn::Zero(D());
  float rest = 0;
  ForEachBin(bins, [&](auto d, int i) HWY_ATTR {
    const auto e = hn::Exp(d, hn::Sub(Mix(d, a + i, b + i, weight), hn::Set(d, max)));
    hn::StoreU(hn::Add(hn::LoadU(d, row_z + i), e), d, row_z + i);
    if constexpr (hn::MaxLanes(d) == hn::MaxLanes(D())) {
      total = hn::Add(total, e);
    } else {
      rest += hn::GetLane(e);
    }
  });
  return rest + hn::GetLane(hn::SumOfLanes(D(), total));
}

void SumRow(const HeatmapShape& shape, LogitRow row, float max, int y, const Marginals& sums) {
  std::fill_n(sums.row_z, shape.depth_bins, 0.0F);
  float total = 0;
  for (int x = 0; x < shape.out_width(); ++x) {
    const Lerp lerp = shape.upsample ? shape.columns[x] : Lerp{x, x, 0};
    const float column = AddColumn(shape.depth_bins, row.data + lerp.low * row.stride,
                                   row.data + lerp.high * row.stride, lerp.weight, max, sums.row_z);
    sums.x[x] += column;
    total += column;
  }
  sums.y[y] = total;
  for (int i = 0; i < shape.depth_bins; ++i) sums.z[i] += sums.row_z[i];
}

void MarginalsImpl(const HeatmapShape& shape, const ConstPixels& logits, const Marginals& sums) {
  const float max = MaxLogit(shape, logits);
  if (!std::isfinite(max)) return;  // No mass: the means become NaN.
  for (int y = 0; y < shape.out_height(); ++y) {
    if (!shape.upsample) {
      SumRow(shape, {logits.At(y, 0), logits.pixel_stride}, max, y, sums);
      continue;
    }
    const Lerp& lerp = shape.rows[y];
    MixRows(shape, {logits.At(lerp.low, 0), logits.pixel_stride},
            {logits.At(lerp.high, 0), logits.pixel_stride}, lerp.weight, sums.mixed);
    SumRow(shape, {sums.mixed, shape.depth_bins}, max, y, sums);
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {
namespace {

HWY_EXPORT(MarginalsImpl);

struct Moments {
  double mean = 0;
  double sigma = 0;
  double mass_near_mean = 0;
};

Moments MomentsOf(std::span<const float> marginal) {
  double mass = 0;
  double first = 0;
  for (std::size_t i = 0; i < marginal.size(); ++i) {
    mass += marginal[i];
    first += static_cast<double>(i) * marginal[i];
  }
  Moments moments{.mean = first / mass};
  const double reach = kReach * static_cast<double>(marginal.size());
  double second = 0;
  for (std::size_t i = 0; i < marginal.size(); ++i) {
    const double offset = static_cast<double>(i) - moments.mean;
    second += offset * offset * marginal[i];
    if (std::abs(offset) <= reach) moments.mass_near_mean += marginal[i];
  }
  moments.sigma = std::sqrt(second / mass);
  moments.mass_near_mean /= mass;
  return moments;
}

}  // namespace

HeatmapShape::HeatmapShape(int height_in, int width_in, int depth_bins_in, int joints_in,
                           bool upsample_in)
    : height(height_in),
      width(width_in),
      depth_bins(depth_bins_in),
      joints(joints_in),
      upsample(upsample_in) {
  if (!upsample) return;
  rows = UpsampleTable(height);
  columns = UpsampleTable(width);
}

std::size_t SoftArgmaxScratch(const HeatmapShape& shape) {
  const std::size_t bins = shape.depth_bins;
  const std::size_t mixed = shape.upsample ? shape.width * bins : 0;
  return mixed + shape.out_width() + shape.out_height() + 2 * bins;
}

JointEstimate SoftArgmax(const HeatmapShape& shape, const ConstPixels& heatmaps, int joint,
                         std::span<float> scratch) {
  CNP_CHECK(scratch.size() >= SoftArgmaxScratch(shape), "scratch is too small");
  std::fill(scratch.begin(), scratch.end(), 0.0F);
  const auto take = [&scratch](std::size_t count) {
    const auto taken = scratch.first(count);
    scratch = scratch.subspan(count);
    return taken;
  };
  const std::span<float> axes[3] = {take(shape.out_width()), take(shape.out_height()),
                                    take(shape.depth_bins)};
  const Marginals sums = {.x = axes[0].data(),
                          .y = axes[1].data(),
                          .z = axes[2].data(),
                          .row_z = take(shape.depth_bins).data(),
                          .mixed = scratch.data()};
  ConstPixels logits = heatmaps;
  logits.data += std::ptrdiff_t{joint} * shape.depth_bins;
  HWY_DYNAMIC_DISPATCH(MarginalsImpl)(shape, logits, sums);

  JointEstimate estimate{.confidence = 1};
  for (int axis = 0; axis < 3; ++axis) {
    const Moments moments = MomentsOf(axes[axis]);
    estimate.mean[axis] = static_cast<float>(moments.mean);
    estimate.sigma[axis] = static_cast<float>(moments.sigma);
    estimate.confidence = std::min(estimate.confidence, static_cast<float>(moments.mass_near_mean));
  }
  return estimate;
}

}  // namespace cnp::engine
#endif  // HWY_ONCE
