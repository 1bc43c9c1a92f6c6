#include "apps/cli/bench_runner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "apps/cli/bench_machine.h"
#include "convnextpose/base/check.h"

namespace cnp::cli {
namespace {

using std::chrono::milliseconds;

// Runs of one turn.
constexpr int kTurn = 5;

// Thread pools spin for a while after their work, waiting for more (ONNX Runtime's for up to 20
// ms), and would take the CPU from the next runner: waits until the process uses none.
void AwaitRest(pid_t process) {
  constexpr milliseconds kWindow{2};
  constexpr double kRestingShare = 0.05;
  constexpr int kMaxWindows = 150;
  const double window_seconds = std::chrono::duration<double>(kWindow).count();
  for (int i = 0; i < kMaxWindows; ++i) {
    const double before = CpuSeconds(process);
    std::this_thread::sleep_for(kWindow);
    if (CpuSeconds(process) - before < kRestingShare * window_seconds) return;
  }
}

void TakeTurn(Runner& runner, int unrecorded, int runs, Timing& timing) {
  Result<Turn> turn = runner.Run(unrecorded + runs);
  if (!turn.ok()) {
    timing.error = turn.error();
    return;
  }
  const std::vector<double> ms(turn->ms.begin() + unrecorded, turn->ms.end());
  timing.ms.insert(timing.ms.end(), ms.begin(), ms.end());
  if (runs > 0) timing.round_medians.push_back(SpreadOf(ms).median);
  timing.coordinates = std::move(turn->coordinates);
}

double Quantile(const std::vector<double>& sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace

int Rounds(const Schedule& schedule) { return (schedule.runs + kTurn - 1) / kTurn; }

std::vector<Timing> Measure(std::span<Runner* const> runners, const Schedule& schedule,
                            const std::function<void()>& on_round) {
  std::vector<Timing> timings(runners.size());
  const bool alone = runners.size() == 1;
  const auto turn = [&](std::size_t i, int unrecorded, int runs) {
    if (timings[i].error || unrecorded + runs == 0) return;
    TakeTurn(*runners[i], unrecorded, runs, timings[i]);
    if (!alone) AwaitRest(runners[i]->pid());
  };
  for (std::size_t i = 0; i < runners.size(); ++i) turn(i, schedule.warmup, 0);
  for (int done = 0, round = 0; done < schedule.runs; done += kTurn, ++round) {
    // Nobody is always the first.
    for (std::size_t i = 0; i < runners.size(); ++i) {
      turn((i + round) % runners.size(), alone ? 0 : 1, std::min(kTurn, schedule.runs - done));
    }
    on_round();
  }
  return timings;
}

Spread SpreadOf(std::vector<double> values) {
  CNP_CHECK(!values.empty(), "the spread of no values");
  std::sort(values.begin(), values.end());
  return {Quantile(values, 0.5), Quantile(values, 0.1), Quantile(values, 0.9)};
}

}  // namespace cnp::cli
