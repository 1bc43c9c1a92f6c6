#include "convnextpose/train/loss.h"

namespace cnp::train {

using torch::Tensor;
namespace {

/// What does not count may hold anything, NaN as well.
Tensor Errors(const Tensor& joints, const Tensor& target, const Tensor& weight) {
  const Tensor difference = (joints - target).abs() * weight;
  return torch::where(weight > 0, difference, torch::zeros_like(difference));
}

}  // namespace

Tensor LossSum(const Tensor& joints, const Tensor& target, const Tensor& weight) {
  return Errors(joints, target, weight).sum() / 3;
}

Tensor ErrorSums(const Tensor& joints, const Tensor& target, const Tensor& weight) {
  const torch::NoGradGuard no_grad;
  const Tensor errors = Errors(joints, target, weight);
  return torch::stack({errors.sum() / 3, errors.narrow(2, 0, 2).sum(), weight.narrow(2, 0, 2).sum(),
                       errors.select(2, 2).sum(), weight.select(2, 2).sum()});
}

}  // namespace cnp::train
