// snapshot_N.pth.tar and snapshot_N.safetensors of a run's folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "apps/train/log.h"
#include "convnextpose/base/result.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train_app {

/// The snapshot of `epoch` (0, 1, ...): in the published form the weights as they are, as
/// safetensors their average. `spec`: with the input that they were trained at last.
Status WriteSnapshot(const std::filesystem::path& folder, std::int64_t epoch,
                     const model::Spec& spec, const train::Trainer& trainer);

/// The epoch whose last step's judgement by the set `set` is the best; nothing: there is none.
std::optional<std::int64_t> BestEpoch(const std::vector<LogRow>& rows, const std::string& set,
                                      std::int64_t steps_per_epoch);

/// Removes snapshots before `epoch` but the last `keep` and the best.
void Prune(const std::filesystem::path& folder, std::int64_t epoch, int keep,
           std::optional<std::int64_t> best);

}  // namespace cnp::train_app
