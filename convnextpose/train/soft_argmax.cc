#include "convnextpose/train/soft_argmax.h"

#include "convnextpose/train/soft_argmax_kernel.h"

namespace cnp::train {
namespace {

using torch::Tensor;

/// [B, J, n] -> [B, J]: the expected index.
Tensor Expected(const Tensor& marginal) {
  return (marginal * torch::arange(marginal.size(2), marginal.options())).sum(2);
}

Tensor OfTorch(const Tensor& heatmaps, std::int64_t joints) {
  const std::int64_t depth = heatmaps.size(1) / joints;
  const Tensor volume =
      torch::softmax(heatmaps.contiguous().view({heatmaps.size(0), joints, -1}), 2)
          .view({heatmaps.size(0), joints, depth, heatmaps.size(2), heatmaps.size(3)});
  const Tensor rows = volume.sum(2);  // [B, J, H, W]
  return torch::stack({Expected(rows.sum(2)), Expected(rows.sum(3)), Expected(volume.sum({3, 4}))},
                      2);
}

constexpr std::int64_t kMoments = sizeof(JointMoments) / sizeof(float);
static_assert(sizeof(JointMoments) == kMoments * sizeof(float));

HeatmapShape ShapeOf(const Tensor& heatmaps, std::int64_t joints) {
  return {.height = static_cast<int>(heatmaps.size(2)),
          .width = static_cast<int>(heatmaps.size(3)),
          .joints = static_cast<int>(joints),
          .depth = static_cast<int>(heatmaps.size(1) / joints)};
}

/// Calls function(logits of picture i, i), the logits as the kernels take them.
template <typename Function>
void ForPictures(const Tensor& heatmaps, const Function& function) {
  const std::int64_t size = heatmaps.size(1) * heatmaps.size(2) * heatmaps.size(3);
  const auto each = [&](const auto* first) {
    at::parallel_for(0, heatmaps.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) function(first + i * size, i, i * size);
    });
  };
  if (heatmaps.scalar_type() == torch::kFloat) {
    each(heatmaps.data_ptr<float>());
  } else {
    each(reinterpret_cast<const Bfloat16*>(heatmaps.data_ptr<at::BFloat16>()));
  }
}

class SoftArgmaxFunction : public torch::autograd::Function<SoftArgmaxFunction> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input,
                        std::int64_t joints) {
    const Tensor heatmaps = input.contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor moments = torch::empty({heatmaps.size(0), joints, kMoments}, torch::kFloat);
    auto* const all = reinterpret_cast<JointMoments*>(moments.data_ptr<float>());
    ForPictures(heatmaps, [&](const auto* logits, std::int64_t i, std::int64_t /*offset*/) {
      FindMoments(ShapeOf(heatmaps, joints), logits, all + i * joints);
    });
    context->save_for_backward({heatmaps, moments});
    return moments.narrow(2, kMoments - 3, 3).clone();
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& outputs) {
    const torch::autograd::tensor_list saved = context->get_saved_variables();
    const Tensor& heatmaps = saved[0];
    const std::int64_t joints = saved[1].size(1);
    const Tensor means = outputs[0].contiguous();
    const Tensor gradient = torch::empty_like(heatmaps, torch::MemoryFormat::ChannelsLast);
    const auto* const moments = reinterpret_cast<const JointMoments*>(saved[1].data_ptr<float>());
    ForPictures(heatmaps, [&](const auto* logits, std::int64_t i, std::int64_t offset) {
      using T = std::remove_const_t<std::remove_pointer_t<decltype(logits)>>;
      MomentsGradient(ShapeOf(heatmaps, joints), logits, moments + i * joints,
                      means.data_ptr<float>() + i * joints * 3,
                      static_cast<T*>(gradient.data_ptr()) + offset);
    });
    return {gradient, {}};
  }
};

}  // namespace

Tensor SoftArgmax(const Tensor& heatmaps, std::int64_t joints) {
  const torch::Dtype type = heatmaps.scalar_type();
  const bool ours = heatmaps.is_cpu() && (type == torch::kFloat || type == torch::kBFloat16) &&
                    heatmaps.size(1) / joints % kDepthStep == 0;
  if (ours) return SoftArgmaxFunction::apply(heatmaps, joints);
  return OfTorch(type == torch::kBFloat16 ? heatmaps.to(torch::kFloat) : heatmaps, joints);
}

}  // namespace cnp::train
