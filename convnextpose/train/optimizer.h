// AdamW, Muon and the running average of weights, over flat buffers.
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

/// What an update reads and changes: the same part of all flat buffers.
struct OptimizerPart {
  torch::Tensor gradients;
  Moments moments;
  torch::Tensor parameters;
  torch::Tensor average;  ///< Undefined: none.
  [[nodiscard]] OptimizerPart Narrow(std::int64_t first, std::int64_t count) const;
};

/// The step number `step` (0, 1, ...) of AdamW, as PyTorch's, and then UpdateAverage.
void AdamW(const Recipe& recipe, double learning_rate, std::int64_t step,
           const OptimizerPart& part);

/// The same of Muon, for one matrix of `rows` rows. Moments stay those of AdamW, which may take
/// over; but beta1 is recipe.muon_momentum.
void Muon(const Recipe& recipe, double learning_rate, std::int64_t step, std::int64_t rows,
          const OptimizerPart& part);

/// The nearest matrix with orthonormal rows or columns, roughly: all singular values of `matrix`
/// [m, n] brought near 1 (0.6 to 1.3), but those that are thousands of times smaller than the
/// largest. `bfloat16`: products of numbers rounded to it.
torch::Tensor Orthogonalized(const torch::Tensor& matrix, bool bfloat16);

/// average = decay * average + (1 - decay) * values, after `steps` steps, with less decay in the
/// first ones, so that the first weights do not linger.
void UpdateAverage(double decay, std::int64_t steps, const torch::Tensor& values,
                   const torch::Tensor& average);

}  // namespace cnp::train
