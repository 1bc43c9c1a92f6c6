#include "convnextpose/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "convnextpose/base/check.h"

namespace cnp::train {

double LearningRate(const Recipe& recipe, std::int64_t steps_per_epoch, std::int64_t step) {
  CNP_CHECK(steps_per_epoch > 0, "an epoch has steps");
  const double epoch = static_cast<double>(step) / static_cast<double>(steps_per_epoch);
  if (epoch < recipe.warmup_epochs) return recipe.learning_rate * epoch / recipe.warmup_epochs;
  const double length = recipe.epochs - recipe.warmup_epochs;
  const double done = length > 0 ? std::min(1.0, (epoch - recipe.warmup_epochs) / length) : 1;
  const double share = (1 + std::cos(std::numbers::pi * done)) / 2;
  return recipe.final_learning_rate + (recipe.learning_rate - recipe.final_learning_rate) * share;
}

}  // namespace cnp::train
