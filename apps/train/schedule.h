// Sizes of the network's input in the course of a run: "256", or "128:30,192:15,256:25" for 30
// epochs at 128 pixels, then 15 at 192, then 25 at 256.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::train_app {

/// Epochs [begin, end) at one size.
struct Phase {
  int input = 256;  ///< Pixels along a side.
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Phases that follow each other and together are `epochs` long; `epochs` 0: as the text says, 70
/// where it says nothing. The last phase of the text goes on as long as `epochs` asks for. Errors:
/// another text, a size that is no multiple of 32, more epochs than asked for.
Result<std::vector<Phase>> ParseSchedule(const std::string& text, std::int64_t epochs);

/// The phase of an epoch; of those behind the end, the last. Precondition: phases is not empty.
const Phase& PhaseOf(const std::vector<Phase>& phases, std::int64_t epoch);

/// What is left to do when `step` steps are done, in picture pixels: sums of input squared over
/// steps, for time follows them.
double WorkLeft(const std::vector<Phase>& phases, std::int64_t steps_per_epoch, std::int64_t step);

}  // namespace cnp::train_app
