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

/// a [m, k] times b [k, n].
Tensor Product(const Tensor& a, const Tensor& b) {
  if (a.scalar_type() == torch::kBFloat16) return at::mm(a, b);
  // Debian's LibTorch multiplies other matrices without oneDNN, a hundred times slower.
  return at::conv2d(b.reshape({1, b.size(0), 1, b.size(1)}), a.reshape({a.size(0), -1, 1, 1}))
      .reshape({a.size(0), b.size(1)});
}

}  // namespace

OptimizerPart OptimizerPart::Narrow(std::int64_t first, std::int64_t count) const {
  const auto narrow = [&](const Tensor& all) {
    return all.defined() ? all.narrow(0, first, count) : Tensor();
  };
  return {narrow(gradients),
          {narrow(moments.first), narrow(moments.second)},
          narrow(parameters),
          narrow(average)};
}

void AdamW(const Recipe& recipe, double learning_rate, std::int64_t step,
           const OptimizerPart& part) {
  const auto& [gradients, moments, parameters, average] = part;
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

Tensor Orthogonalized(const Tensor& matrix, bool bfloat16) {
  constexpr int kIterations = 5;
  constexpr double kLinear = 3.4445;
  constexpr double kCubic = -4.7750;
  constexpr double kQuintic = 2.0315;
  constexpr double kLeast = 1e-20;  // Of a norm.
  const bool tall = matrix.size(0) > matrix.size(1);
  Tensor x = tall ? matrix.t() : matrix;
  x = (x / x.norm().clamp_min(kLeast)).contiguous();
  if (bfloat16) x = x.to(torch::kBFloat16);
  for (int i = 0; i < kIterations; ++i) {
    const Tensor gram = Product(x, x.t().contiguous());
    x = kLinear * x + Product(kCubic * gram + kQuintic * Product(gram, gram), x);
  }
  x = x.to(matrix.scalar_type());
  return tall ? x.t() : x;
}

void Muon(const Recipe& recipe, double learning_rate, std::int64_t step, std::int64_t rows,
          const OptimizerPart& part) {
  constexpr double kAdamSize = 0.2;  // Of AdamW's steps, root mean square.
  const auto& [gradients, moments, parameters, average] = part;
  moments.first.lerp_(gradients, 1 - recipe.muon_momentum);
  moments.second.mul_(recipe.beta2).addcmul_(gradients, gradients, 1 - recipe.beta2);
  // Nesterov's: as if the momentum had met the gradient once more.
  const Tensor direction = moments.first.lerp(gradients, 1 - recipe.muon_momentum);
  const Tensor matrix = Orthogonalized(direction.view({rows, -1}), recipe.bfloat16);
  // Orthonormal rows or columns have a root mean square of 1 / sqrt(longer side).
  const auto side = static_cast<double>(std::max(matrix.size(0), matrix.size(1)));
  parameters.mul_(1 - learning_rate * recipe.weight_decay)
      .add_(matrix.reshape(-1), -learning_rate * kAdamSize * std::sqrt(side));
  if (average.defined()) UpdateAverage(recipe.ema_decay, step + 1, parameters, average);
}

void UpdateAverage(double decay, std::int64_t steps, const Tensor& values, const Tensor& average) {
  average.lerp_(values, AverageRate(decay, steps));
}

}  // namespace cnp::train
