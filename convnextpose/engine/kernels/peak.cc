#include "convnextpose/engine/kernels/peak.h"

#include <algorithm>
#include <chrono>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/peak.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "convnextpose/engine/kernels/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// More than latency x multipliers of any CPU in sight (10 on Intel's older ones), and with the two
// factors still within 16 registers.
constexpr int kChains = 12;

std::int64_t SpinMultiplyAddsImpl(std::int64_t rounds) {
  const D d;
  // The compiler may neither know a value nor that two chains are the same. All tend to 1.
  volatile float unknown = 0.5F;
  const V factor = hn::Set(d, unknown);
  const V term = hn::Set(d, unknown);
  V sums[kChains];
  for (V& sum : sums) sum = hn::Set(d, unknown);
  for (std::int64_t round = 0; round < rounds; ++round) {
    for (V& sum : sums) sum = hn::MulAdd(sum, factor, term);
  }
  V total = hn::Zero(d);
  for (const V& sum : sums) total = hn::Add(total, sum);
  unknown = hn::GetLane(total);
  return rounds * kChains * kLanes;
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {
namespace {

constexpr int kTries = 20;
constexpr std::int64_t kRounds = 20'000;  // Tens of microseconds: a task.
constexpr int kTasksPerThread = 100;

}  // namespace

HWY_EXPORT(SpinMultiplyAddsImpl);

std::int64_t SpinMultiplyAdds(std::int64_t rounds) {
  return HWY_DYNAMIC_DISPATCH(SpinMultiplyAddsImpl)(rounds);
}

double MeasurePeak(ThreadPool& pool) {
  const int tasks = kTasksPerThread * pool.size();
  const auto multiply_adds = static_cast<double>(SpinMultiplyAdds(kRounds)) * tasks;
  double best = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pool.ParallelFor(tasks, [](int, int) { SpinMultiplyAdds(kRounds); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, multiply_adds / seconds.count());
  }
  return best;
}

}  // namespace cnp::engine
#endif  // HWY_ONCE
