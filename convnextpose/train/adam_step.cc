#include "convnextpose/train/adam_step.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/train/adam_step.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cnp::train::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE void Take(D d, const AdamStep& step, const AdamNumbers& numbers, std::ptrdiff_t i) {
  const auto set = [&](float x) { return hn::Set(d, x); };
  const auto g = hn::LoadU(d, numbers.gradient + i);
  const auto first =
      hn::MulAdd(set(step.beta1), hn::LoadU(d, numbers.first + i), hn::Mul(set(step.new1), g));
  const auto second = hn::MulAdd(set(step.beta2), hn::LoadU(d, numbers.second + i),
                                 hn::Mul(hn::Mul(set(step.new2), g), g));
  const auto root = hn::MulAdd(hn::Sqrt(second), set(step.second_scale), set(step.epsilon));
  const auto p = hn::NegMulAdd(set(step.rate), hn::Div(first, root),
                               hn::Mul(set(step.keep), hn::LoadU(d, numbers.parameter + i)));
  hn::StoreU(first, d, numbers.first + i);
  hn::StoreU(second, d, numbers.second + i);
  hn::StoreU(p, d, numbers.parameter + i);
  if (numbers.average == nullptr) return;
  const auto average = hn::LoadU(d, numbers.average + i);
  hn::StoreU(hn::MulAdd(set(step.average_rate), hn::Sub(p, average), average), d,
             numbers.average + i);
}

void TakeAll(const AdamStep& step, const AdamNumbers& numbers, std::ptrdiff_t first,
             std::ptrdiff_t end) {
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::ptrdiff_t>(hn::Lanes(d));
  std::ptrdiff_t i = first;
  for (; i + lanes <= end; i += lanes) Take(d, step, numbers, i);
  for (; i < end; ++i) Take(one, step, numbers, i);
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::train::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::train {
namespace {
HWY_EXPORT(TakeAll);
}  // namespace

void TakeAdamStep(const AdamStep& step, const AdamNumbers& numbers, std::ptrdiff_t first,
                  std::ptrdiff_t end) {
  HWY_DYNAMIC_DISPATCH(TakeAll)(step, numbers, first, end);
}

}  // namespace cnp::train
#endif  // HWY_ONCE
