#include "convnextpose/train/optimizer.h"

#include <algorithm>
#include <cmath>

#include "convnextpose/train/adam_step.h"

namespace cnp::train {
namespace {

using torch::Tensor;

double AverageRate(double decay, std::int64_t steps) {
  const auto done = static_cast<double>(steps);
  return 1 - std::min(decay, (1 + done) / (10 + done));
}

bool OnOwnKernels(const Tensor& x) {
  return x.is_cpu() && x.scalar_type() == torch::kFloat && x.is_contiguous();
}

}  // namespace

void AdamW(const Recipe& recipe, double learning_rate, std::int64_t step, const Tensor& gradients,
           Moments& moments, Tensor& parameters, Tensor& average) {
  const double done = static_cast<double>(step) + 1;
  const double correction1 = 1 - std::pow(recipe.beta1, done);
  const double correction2 = 1 - std::pow(recipe.beta2, done);
  if (OnOwnKernels(parameters)) {
    const AdamStep factors = {
        .beta1 = static_cast<float>(recipe.beta1),
        .new1 = static_cast<float>(1 - recipe.beta1),
        .beta2 = static_cast<float>(recipe.beta2),
        .new2 = static_cast<float>(1 - recipe.beta2),
        .keep = static_cast<float>(1 - learning_rate * recipe.weight_decay),
        .rate = static_cast<float>(learning_rate / correction1),
        .second_scale = static_cast<float>(1 / std::sqrt(correction2)),
        .epsilon = static_cast<float>(kAdamEpsilon),
        .average_rate = static_cast<float>(AverageRate(recipe.ema_decay, step + 1))};
    const AdamNumbers numbers = {
        .gradient = gradients.data_ptr<float>(),
        .first = moments.first.data_ptr<float>(),
        .second = moments.second.data_ptr<float>(),
        .parameter = parameters.data_ptr<float>(),
        .average = average.defined() ? average.data_ptr<float>() : nullptr};
    constexpr std::int64_t kPart = 1 << 16;
    at::parallel_for(0, parameters.numel(), kPart, [&](std::int64_t first, std::int64_t end) {
      TakeAdamStep(factors, numbers, first, end);
    });
    return;
  }
  parameters.mul_(1 - learning_rate * recipe.weight_decay);
  moments.first.mul_(recipe.beta1).add_(gradients, 1 - recipe.beta1);
  moments.second.mul_(recipe.beta2).addcmul_(gradients, gradients, 1 - recipe.beta2);
  const Tensor root = (moments.second.sqrt() / std::sqrt(correction2)).add_(kAdamEpsilon);
  parameters.addcdiv_(moments.first, root, -learning_rate / correction1);
  if (average.defined()) UpdateAverage(recipe.ema_decay, step + 1, parameters, average);
}

void UpdateAverage(double decay, std::int64_t steps, const Tensor& values, Tensor& average) {
  average.lerp_(values, AverageRate(decay, steps));
}

}  // namespace cnp::train
