// Timing: what can be timed, and how several take turns on one machine.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::cli {

struct Turn {
  std::vector<double> ms;          ///< Of each run.
  std::vector<float> coordinates;  ///< [batch, joints, 3] in heatmap cells, of the last run.
};

/// An engine with a network, the threads and the pictures of a batch: ours or another's.
class Runner {
 public:
  virtual ~Runner() = default;
  /// Runs the batch `runs` times and times each. Precondition: runs >= 1.
  virtual Result<Turn> Run(int runs) = 0;
  /// The process that does it.
  [[nodiscard]] virtual pid_t pid() const = 0;
};

struct Timing {
  std::vector<double> ms;             ///< All runs.
  std::vector<double> round_medians;  ///< In ms; those of other runners with the same index were
                                      ///< measured right beside it.
  std::vector<float> coordinates;
  std::optional<Error> error;  ///< What ended it early; the rest then does not count.
};

struct Schedule {
  int runs = 0;
  int warmup = 0;
};

/// Rounds that Measure takes, with several runners or one.
int Rounds(const Schedule& schedule);

/// Times all runners, in rounds of a few runs each, so that all see the same noise of the machine.
/// Before a runner's turn, the threads of the one before it have come to rest, and one run that
/// does not count has brought its data back into the caches. Calls `on_round` after each round.
std::vector<Timing> Measure(std::span<Runner* const> runners, const Schedule& schedule,
                            const std::function<void()>& on_round);

struct Spread {
  double median = 0;
  double p10 = 0;
  double p90 = 0;
};
/// Quantiles, interpolated between neighbours. Precondition: not empty.
Spread SpreadOf(std::vector<double> values);

}  // namespace cnp::cli
