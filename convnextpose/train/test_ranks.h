// What collective_test and the processes that it starts agree on.
#pragma once

#include "convnextpose/train/test_batch.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train {

inline constexpr double kJoinSeconds = 60;
inline constexpr double kPatienceSeconds = 1.5;
inline constexpr int kRankPictures = 4;
inline constexpr int kRankSteps = 3;

inline const Recipe kRankRecipe = {.warmup_epochs = 0, .drop_path = 0.5, .seed = 3};

/// Of all processes, at that step.
inline Batch WholeBatch(int step) { return NumbersBatch(TinySpec(), 50 + step, kRankPictures); }

}  // namespace cnp::train
