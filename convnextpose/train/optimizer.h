// AdamW and the running average of weights, over flat buffers.
#pragma once

#include <cstdint>

#include "convnextpose/train/torch.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train {

inline constexpr double kAdamEpsilon = 1e-8;

/// What torch.optim.AdamW keeps of every parameter.
struct Moments {
  torch::Tensor first, second;  ///< [n]
};

/// The step number `step` (0, 1, ...) of AdamW, as PyTorch's, on all parameters at once, and then
/// UpdateAverage of `average`, if it is defined.
void AdamW(const Recipe& recipe, double learning_rate, std::int64_t step,
           const torch::Tensor& gradients, Moments& moments, torch::Tensor& parameters,
           torch::Tensor& average);

/// average = decay * average + (1 - decay) * values, after `steps` steps, with less decay in the
/// first ones, so that the first weights do not linger.
void UpdateAverage(double decay, std::int64_t steps, const torch::Tensor& values,
                   torch::Tensor& average);

}  // namespace cnp::train
