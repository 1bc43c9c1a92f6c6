// The learning rate of every step.
#pragma once

#include <cstdint>

#include "convnextpose/train/trainer.h"

namespace cnp::train {

/// Rises linearly from 0 through recipe.warmup_epochs, then falls by a half cosine to the final
/// rate at recipe.epochs and stays there. Precondition: steps_per_epoch > 0.
double LearningRate(const Recipe& recipe, std::int64_t steps_per_epoch, std::int64_t step);

}  // namespace cnp::train
