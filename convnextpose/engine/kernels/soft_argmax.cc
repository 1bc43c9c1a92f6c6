#include "convnextpose/engine/kernels/soft_argmax.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "convnextpose/base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/soft_argmax.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

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

// NaN if any logit is not finite: Max and Exp2 would hide it.
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

// 2^x for -kLowest <= x <= 0, below that 2^-kLowest: within 3e-7 of the true value. The nearest
// whole number, which adding 1.5 * 2^23 leaves in the lowest bits, goes straight into the exponent;
// a minimax polynomial (in the relative error, fitted by reweighted least squares) has the rest, in
// [-1/2, 1/2].
constexpr float kLowest = 120;
template <class DD>
HWY_INLINE hn::Vec<DD> Exp2(DD d, hn::Vec<DD> x) {
  const hn::RebindToSigned<DD> di;
  x = hn::Max(x, hn::Set(d, -kLowest));
  const auto shift = hn::Set(d, 0x1.8p23F);
  const auto shifted = hn::Add(x, shift);
  const auto f = hn::Sub(x, hn::Sub(shifted, shift));
  auto power = hn::Set(d, 0.00132764713F);
  for (const float coefficient :
       {0.00967554096F, 0.0555071309F, 0.240221202F, 0.693146944F, 1.00000012F}) {
    power = hn::MulAdd(power, f, hn::Set(d, coefficient));
  }
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, power), exponent));
}

// to[x, bin]: the row of cells between two stored rows, in powers of two below the maximum.
void PrepareRow(const HeatmapShape& shape, const ConstPixels& logits, const Lerp& lerp, float max,
                float* to) {
  for (int x = 0; x < shape.width; ++x) {
    const float* low = logits.At(lerp.low, x);
    const float* high = logits.At(lerp.high, x);
    ForEachBin(shape.depth_bins, [&](auto d, int i) HWY_ATTR {
      const auto below = hn::Sub(Mix(d, low + i, high + i, lerp.weight), hn::Set(d, max));
      hn::StoreU(hn::Mul(below, hn::Set(d, std::numbers::log2e_v<float>)), d,
                 to + std::ptrdiff_t{x} * shape.depth_bins + i);
    });
  }
}

// The bins from `first` on that kVecs vectors hold, of a prepared row: adds each column's sum to
// its lanes, each bin's to z, and all to y.
template <bool kMix, int kVecs, class DD>
HWY_INLINE void SumBins(DD d, const HeatmapShape& shape, int first, const Marginals& sums,
                        float& y) {
  const auto lanes = static_cast<std::ptrdiff_t>(hn::MaxLanes(d));
  hn::Vec<DD> z[kVecs];
  // Of the two stored columns at hand: the left one, and what the right one has more.
  hn::Vec<DD> left[kVecs];
  hn::Vec<DD> more[kVecs];
  int at_hand = -1;
  for (int v = 0; v < kVecs; ++v) z[v] = left[v] = more[v] = hn::Zero(d);
  for (int x = 0; x < shape.out_width(); ++x) {
    const Lerp lerp = kMix ? shape.columns[x] : Lerp{x, x, 0};
    if (lerp.low != at_hand) {
      at_hand = lerp.low;
      const float* low = sums.prepared + std::ptrdiff_t{lerp.low} * shape.depth_bins + first;
      const float* high = sums.prepared + std::ptrdiff_t{lerp.high} * shape.depth_bins + first;
      for (int v = 0; v < kVecs; ++v) {
        left[v] = hn::LoadU(d, low + v * lanes);
        if (kMix) more[v] = hn::Sub(hn::LoadU(d, high + v * lanes), left[v]);
      }
    }
    const auto weight = hn::Set(d, lerp.weight);
    float* column = sums.columns + std::ptrdiff_t{x} * kChannelBlock;
    auto total = hn::LoadU(d, column);
    for (int v = 0; v < kVecs; ++v) {
      const auto e = Exp2(d, kMix ? hn::MulAdd(weight, more[v], left[v]) : left[v]);
      z[v] = hn::Add(z[v], e);
      total = hn::Add(total, e);
    }
    hn::StoreU(total, d, column);
  }
  for (int v = 0; v < kVecs; ++v) {
    float* bins = sums.z + first + v * lanes;
    hn::StoreU(hn::Add(hn::LoadU(d, bins), z[v]), d, bins);
    y += hn::GetLane(hn::SumOfLanes(d, z[v]));
  }
}

template <bool kMix>
void SumRow(const HeatmapShape& shape, const Marginals& sums, float& y) {
  constexpr int kVecs = 4;
  int bin = 0;
  for (; bin + kVecs * kLanes <= shape.depth_bins; bin += kVecs * kLanes) {
    SumBins<kMix, kVecs>(D(), shape, bin, sums, y);
  }
  for (; bin + kLanes <= shape.depth_bins; bin += kLanes) {
    SumBins<kMix, 1>(D(), shape, bin, sums, y);
  }
  for (; bin < shape.depth_bins; ++bin) {
    SumBins<kMix, 1>(HWY_CAPPED(float, 1)(), shape, bin, sums, y);
  }
}

void MarginalsImpl(const HeatmapShape& shape, const ConstPixels& logits, const Marginals& sums) {
  const float max = MaxLogit(shape, logits);
  if (!std::isfinite(max)) return;  // No mass: the means become NaN.
  for (int y = 0; y < shape.out_height(); ++y) {
    PrepareRow(shape, logits, shape.upsample ? shape.rows[y] : Lerp{y, y, 0}, max, sums.prepared);
    if (shape.upsample) {
      SumRow<true>(shape, sums, sums.y[y]);
    } else {
      SumRow<false>(shape, sums, sums.y[y]);
    }
  }
  for (int x = 0; x < shape.out_width(); ++x) {
    const float* lanes = sums.columns + std::ptrdiff_t{x} * kChannelBlock;
    sums.x[x] = std::accumulate(lanes, lanes + kChannelBlock, 0.0F);
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
  const std::size_t width = shape.out_width();
  return width + width * kChannelBlock + shape.out_height() + bins + shape.width * bins;
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
  const Marginals sums = {
      .x = axes[0].data(),
      .y = axes[1].data(),
      .z = axes[2].data(),
      .columns = take(static_cast<std::size_t>(shape.out_width()) * kChannelBlock).data(),
      .prepared = scratch.data()};
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
