#include "convnextpose/train/sum.h"

namespace cnp::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// [C] -> [1, C, 1, 1]
Tensor Channels(const Tensor& values) { return values.view({1, -1, 1, 1}); }

Tensor ChannelSums(const Tensor& x) { return x.sum({0, 2, 3}, false, torch::kDouble); }

class Function : public torch::autograd::Function<Function> {
 public:
  static Tensor forward(  // NOLINT(readability-identifier-naming): LibTorch's name
      AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
      const Tensor& mean, const Tensor& inverse, double count, std::int64_t collective) {
    const Tensor normal = (x - Channels(mean)) * Channels(inverse);
    context->save_for_backward({normal, weight, inverse});
    context->saved_data["count"] = count;
    context->saved_data["collective"] = collective;
    return normal * Channels(weight) + Channels(bias);
  }

  // With n = (x - mean) * inverse and g = dL/dy * weight, over all processes' N values:
  // dL/dx = inverse * (g - sum(g) / N - n * sum(g * n) / N)
  static variable_list backward(  // NOLINT(readability-identifier-naming): LibTorch's name
      AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const Tensor& normal = saved[0];
    const Tensor own_bias = ChannelSums(gradients[0]);
    const Tensor own_weight = ChannelSums(gradients[0] * normal);
    Tensor sums = torch::cat({own_bias, own_weight});
    reinterpret_cast<SummingCollective*>(context->saved_data["collective"].toInt())->Sum(sums);
    sums = (sums / context->saved_data["count"].toDouble()).to(normal.options());
    const std::int64_t channels = own_bias.size(0);
    const Tensor centred = gradients[0] - Channels(sums.narrow(0, 0, channels)) -
                           normal * Channels(sums.narrow(0, channels, channels));
    // The gradients of weight and bias stay this process's own: all are summed at the end.
    return {centred * Channels(saved[1] * saved[2]),
            own_weight.to(normal.options()),
            own_bias.to(normal.options()),
            Tensor(),
            Tensor(),
            Tensor(),
            Tensor()};
  }
};

}  // namespace

Tensor SynchronisedBatchNorm(const Tensor& x, const Tensor& weight, const Tensor& bias,
                             Tensor running_mean, Tensor running_variance, double momentum,
                             double epsilon, SummingCollective& collective) {
  Tensor mean;
  Tensor inverse;
  double count = 0;
  {
    const torch::NoGradGuard no_grad;
    const std::int64_t channels = x.size(1);
    const double own = static_cast<double>(x.numel() / channels);
    // Around the running mean, the same in all processes, sums of squares lose no digits.
    const Tensor shifted = x - Channels(running_mean);
    Tensor sums = torch::cat({ChannelSums(shifted), ChannelSums(shifted * shifted),
                              torch::full({1}, own, x.options().dtype(torch::kDouble))});
    collective.Sum(sums);
    count = sums[2 * channels].item<double>();
    const Tensor offset = sums.narrow(0, 0, channels) / count;
    const Tensor variance =
        (sums.narrow(0, channels, channels) / count - offset * offset).clamp_min(0);
    inverse = (variance + epsilon).rsqrt().to(x.options());
    mean = (running_mean + offset).to(x.options());
    running_mean.lerp_(mean, momentum);
    const Tensor unbiased = variance * (count / std::max(1.0, count - 1));
    running_variance.lerp_(unbiased.to(x.options()), momentum);
  }
  return Function::apply(x, weight, bias, mean, inverse, count,
                         reinterpret_cast<std::int64_t>(&collective));
}

}  // namespace cnp::train
