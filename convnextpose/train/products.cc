#include "convnextpose/train/products.h"

#include <algorithm>
#include <vector>

#include "convnextpose/train/depthwise_gradient.h"

namespace cnp::train {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

Tensor SameSize(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  return at::conv2d(x, weight, bias, 1, weight.size(2) / 2, 1, weight.size(0));
}

Tensor ChannelsLast(const Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); }

/// [C, 1, k, k]. Each thread sums over pictures of its own; the sums are added in their order.
Tensor WeightGradient(const Tensor& x, const Tensor& gradient, std::int64_t kernel) {
  const DepthwiseShape shape = {.height = static_cast<int>(x.size(2)),
                                .width = static_cast<int>(x.size(3)),
                                .channels = static_cast<int>(x.size(1)),
                                .kernel = static_cast<int>(kernel)};
  const std::int64_t pictures = x.size(0);
  const std::int64_t parts = std::min<std::int64_t>(at::get_num_threads(), pictures);
  const Tensor sums =
      torch::zeros({parts, kernel, kernel, DepthwisePadded(shape.channels)}, x.options());
  const float* const inputs = x.data_ptr<float>();
  const float* const gradients = gradient.data_ptr<float>();
  float* const all_sums = sums.data_ptr<float>();
  at::parallel_for(0, parts, 1, [&](std::int64_t first, std::int64_t last) {
    std::vector<float> scratch(DepthwiseScratch(shape));
    const std::int64_t size = x.size(1) * x.size(2) * x.size(3);
    for (std::int64_t part = first; part < last; ++part) {
      for (std::int64_t i = pictures * part / parts; i < pictures * (part + 1) / parts; ++i) {
        AddDepthwiseGradient(shape, inputs + i * size, gradients + i * size, scratch.data(),
                             all_sums + part * static_cast<std::int64_t>(DepthwiseSums(shape)));
      }
    }
  });
  return sums.sum(0).narrow(2, 0, shape.channels).permute({2, 0, 1}).unsqueeze(1);
}

class DepthwiseFunction : public torch::autograd::Function<DepthwiseFunction> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight,
                        const Tensor& bias) {
    const Tensor x = ChannelsLast(input);
    context->save_for_backward({x, weight});
    return SameSize(x, weight, bias);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& gradients) {
    const tensor_list saved = context->get_saved_variables();
    const Tensor& x = saved[0];
    const Tensor& weight = saved[1];
    const Tensor gradient = ChannelsLast(gradients[0]);
    return {SameSize(gradient, weight.flip({2, 3}), {}),
            WeightGradient(x, gradient, weight.size(2)), gradient.sum({0, 2, 3})};
  }
};

/// [B, C, H, W] -> [B * H / k * W / k, k * k * C].
Tensor Rows(const Tensor& x, std::int64_t k) {
  const Tensor pixels = x.permute({0, 2, 3, 1});
  if (k == 1) return pixels.reshape({-1, x.size(1)});
  return pixels.reshape({x.size(0), x.size(2) / k, k, x.size(3) / k, k, x.size(1)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, k * k * x.size(1)});
}

}  // namespace

Tensor Depthwise(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (!x.is_cpu() || x.scalar_type() != torch::kFloat) return SameSize(x, weight, bias);
  return DepthwiseFunction::apply(x, weight, bias);
}

Tensor Patches(const Tensor& x, const Tensor& weight, const Tensor& bias, bool bfloat16) {
  const std::int64_t k = weight.size(2);
  if (!bfloat16) return at::conv2d(x, weight, bias, k);
  const Tensor columns = weight.permute({2, 3, 1, 0}).reshape({-1, weight.size(0)});
  return at::addmm(bias.to(torch::kBFloat16), Rows(x.to(torch::kBFloat16), k),
                   columns.to(torch::kBFloat16))
      .view({x.size(0), x.size(2) / k, x.size(3) / k, weight.size(0)})
      .permute({0, 3, 1, 2});
}

}  // namespace cnp::train
