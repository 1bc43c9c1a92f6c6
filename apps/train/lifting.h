// Depths for people of whom only 2-D joints are known.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/synth/generator.h"
#include "convnextpose/train/collective.h"

namespace cnp::train_app {

struct LiftingOptions {
  std::filesystem::path folder;  ///< lifter.safetensors there is taken, or made.
  std::uint64_t seed = 1;
  int people = 60'000;  ///< To learn from.
  int threads = 1;
  const std::atomic<bool>* stop = nullptr;  ///< Set: no more learning.
  train::Collective* collective = nullptr;  ///< The first process's lifter is all processes'.
};

/// What FeedOptions::depths takes.
using SetDepths = std::vector<std::vector<std::vector<double>>>;

/// None where it was stopped before it knew. The lifter learns from people of `generator`, of whom
/// it keeps some to tell how far off it is.
Result<std::optional<SetDepths>> LiftDepths(const std::vector<datasets::Dataset>& sets,
                                            const synth::Generator& generator,
                                            const LiftingOptions& options);

}  // namespace cnp::train_app
