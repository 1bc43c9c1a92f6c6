#include "convnextpose/engine/kernels/upsample.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/upsample.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "convnextpose/engine/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// a + weight * (b - a)
HWY_INLINE V Mix(V a, V b, V weight) { return hn::MulAdd(weight, hn::Sub(b, a), a); }

void UpsampleRowImpl(const ConstPixels& in, int channels, const Lerp& row,
                     const std::vector<Lerp>& columns, const Pixels& out) {
  const D d;
  const V down = hn::Set(d, row.weight);
  for (std::size_t x = 0; x < columns.size(); ++x) {
    const Lerp& column = columns[x];
    const V right = hn::Set(d, column.weight);
    const float* HWY_RESTRICT top_left = in.At(row.low, column.low);
    const float* HWY_RESTRICT top_right = in.At(row.low, column.high);
    const float* HWY_RESTRICT bottom_left = in.At(row.high, column.low);
    const float* HWY_RESTRICT bottom_right = in.At(row.high, column.high);
    float* HWY_RESTRICT to = out.At(0, static_cast<int>(x));
    for (std::ptrdiff_t c = 0; c < channels; c += kLanes) {
      const V top = Mix(hn::LoadU(d, top_left + c), hn::LoadU(d, top_right + c), right);
      const V bottom = Mix(hn::LoadU(d, bottom_left + c), hn::LoadU(d, bottom_right + c), right);
      hn::StoreU(Mix(top, bottom, down), d, to + c);
    }
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {

HWY_EXPORT(UpsampleRowImpl);

std::vector<Lerp> UpsampleTable(int size) {
  std::vector<Lerp> table;
  for (int i = 0; i < 2 * size; ++i) {
    const double source = static_cast<double>(i) * (size - 1) / (2 * size - 1);
    const int low = static_cast<int>(source);
    table.push_back(
        {low, std::min(low + 1, size - 1), static_cast<float>(source - static_cast<double>(low))});
  }
  return table;
}

void UpsampleRow(const ConstPixels& in, int channels, const Lerp& row,
                 const std::vector<Lerp>& columns, const Pixels& out) {
  HWY_DYNAMIC_DISPATCH(UpsampleRowImpl)(in, channels, row, columns, out);
}

}  // namespace cnp::engine
#endif  // HWY_ONCE
