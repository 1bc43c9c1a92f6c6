// A training run: batches into steps, and from time to time its state, snapshots and judgement on
// disk.
#pragma once

#include <atomic>
#include <string>

#include "apps/train/options.h"
#include "convnextpose/base/result.h"

namespace cnp::train_app {

enum class Ending { kDone, kStopped };

/// Trains until the last epoch's end, or until `stop` is set or --minutes are over: then the state
/// is saved. `config`: the options as a file, for --continue. Errors: what cannot be opened, read
/// or written, a run that is there already, a loss that is not finite.
Result<Ending> Run(const TrainOptions& options, const std::string& config,
                   const std::atomic<bool>& stop);

}  // namespace cnp::train_app
