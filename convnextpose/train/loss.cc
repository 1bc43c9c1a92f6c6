#include "convnextpose/train/loss.h"

namespace cnp::train {

using torch::Tensor;
namespace {

/// What does not count may hold anything, NaN as well.
Tensor Errors(const Tensor& joints, const Tensor& target, const Tensor& weight) {
  const Tensor difference = (joints - target).abs() * weight;
  return torch::where(weight > 0, difference, torch::zeros_like(difference));
}

/// marginal [B, J, n], target and weight [B, J].
Tensor CrossEntropy(const Tensor& marginal, const Tensor& target, const Tensor& weight) {
  constexpr double kLeast = 1e-9;  // Of a probability, so that its logarithm is finite.
  const Tensor cells = torch::arange(marginal.size(2), marginal.options());
  const Tensor center = torch::where(weight > 0, target, torch::zeros_like(target)).unsqueeze(2);
  const Tensor gauss = torch::softmax((cells - center).square() * -0.5, 2);
  return -((gauss * (marginal + kLeast).log()).sum(2) * weight).sum();
}

}  // namespace

Tensor MarginalLossSum(const Marginals& marginals, const Tensor& target, const Tensor& weight) {
  const Tensor* const axes[] = {&marginals.columns, &marginals.rows, &marginals.depths};
  Tensor sum = torch::zeros({}, target.options());
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    sum = sum + CrossEntropy(*axes[axis], target.select(2, axis), weight.select(2, axis));
  }
  return sum / 3;
}

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
