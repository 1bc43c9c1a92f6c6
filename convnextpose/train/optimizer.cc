#include "convnextpose/train/optimizer.h"

#include <algorithm>
#include <cmath>

namespace cnp::train {

using torch::Tensor;

void AdamW(const Recipe& recipe, double learning_rate, std::int64_t step, const Tensor& gradients,
           Moments& moments, Tensor& parameters) {
  const double done = static_cast<double>(step) + 1;
  const double correction1 = 1 - std::pow(recipe.beta1, done);
  const double correction2 = 1 - std::pow(recipe.beta2, done);
  parameters.mul_(1 - learning_rate * recipe.weight_decay);
  moments.first.mul_(recipe.beta1).add_(gradients, 1 - recipe.beta1);
  moments.second.mul_(recipe.beta2).addcmul_(gradients, gradients, 1 - recipe.beta2);
  const Tensor root = (moments.second.sqrt() / std::sqrt(correction2)).add_(kAdamEpsilon);
  parameters.addcdiv_(moments.first, root, -learning_rate / correction1);
}

void UpdateAverage(double decay, std::int64_t step, const Tensor& values, Tensor& average) {
  const double done = static_cast<double>(step);
  average.lerp_(values, 1 - std::min(decay, (1 + done) / (10 + done)));
}

}  // namespace cnp::train
