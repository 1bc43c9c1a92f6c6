#include "convnextpose/train/soft_argmax.h"

#include "convnextpose/train/marginals.h"

namespace cnp::train {
namespace {

using torch::Tensor;

/// [B, J, n] -> [B, J]: the expected index.
Tensor Expected(const Tensor& marginal) {
  return (marginal * torch::arange(marginal.size(2), marginal.options())).sum(2);
}

Marginals OfTorch(const Tensor& heatmaps, std::int64_t joints) {
  const std::int64_t depth = heatmaps.size(1) / joints;
  const Tensor volume =
      torch::softmax(heatmaps.contiguous().view({heatmaps.size(0), joints, -1}), 2)
          .view({heatmaps.size(0), joints, depth, heatmaps.size(2), heatmaps.size(3)});
  const Tensor planes = volume.sum(2);  // [B, J, H, W]
  return {planes.sum(2), planes.sum(3), volume.sum({3, 4})};
}

constexpr std::int64_t kScale = sizeof(LogitScale) / sizeof(float);
static_assert(sizeof(LogitScale) == kScale * sizeof(float));

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

class MarginalsFunction : public torch::autograd::Function<MarginalsFunction> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input,
                        std::int64_t joints) {
    const Tensor heatmaps = input.contiguous(torch::MemoryFormat::ChannelsLast);
    const HeatmapShape shape = ShapeOf(heatmaps, joints);
    const Tensor scales = torch::empty({heatmaps.size(0), joints, kScale}, torch::kFloat);
    const Tensor marginals =
        torch::empty({heatmaps.size(0), joints, shape.marginals()}, torch::kFloat);
    auto* const scale = reinterpret_cast<LogitScale*>(scales.data_ptr<float>());
    auto* const marginal = marginals.data_ptr<float>();
    ForPictures(heatmaps, [&](const auto* logits, std::int64_t i, std::int64_t /*offset*/) {
      train::FindMarginals(shape, logits, scale + i * joints,
                           marginal + i * joints * shape.marginals());
    });
    context->save_for_backward({heatmaps, scales, marginals});
    return marginals;
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                               const torch::autograd::tensor_list& outputs) {
    const torch::autograd::tensor_list saved = context->get_saved_variables();
    const Tensor& heatmaps = saved[0];
    const std::int64_t joints = saved[1].size(1);
    const HeatmapShape shape = ShapeOf(heatmaps, joints);
    const Tensor gradients = outputs[0].contiguous();
    const Tensor result = torch::empty_like(heatmaps, torch::MemoryFormat::ChannelsLast);
    const auto* const scales = reinterpret_cast<const LogitScale*>(saved[1].data_ptr<float>());
    const float* const marginals = saved[2].data_ptr<float>();
    ForPictures(heatmaps, [&](const auto* logits, std::int64_t i, std::int64_t offset) {
      using T = std::remove_const_t<std::remove_pointer_t<decltype(logits)>>;
      const std::int64_t first = i * joints * shape.marginals();
      MarginalsGradient(
          shape, logits,
          {scales + i * joints, marginals + first, gradients.data_ptr<float>() + first},
          static_cast<T*>(result.data_ptr()) + offset);
    });
    return {result, {}};
  }
};

}  // namespace

Marginals FindMarginals(const Tensor& heatmaps, std::int64_t joints) {
  const torch::Dtype type = heatmaps.scalar_type();
  const bool ours = heatmaps.is_cpu() && (type == torch::kFloat || type == torch::kBFloat16) &&
                    heatmaps.size(1) / joints % kDepthStep == 0;
  if (!ours) {
    return OfTorch(type == torch::kBFloat16 ? heatmaps.to(torch::kFloat) : heatmaps, joints);
  }
  const Tensor all = MarginalsFunction::apply(heatmaps, joints);
  const std::int64_t width = heatmaps.size(3);
  const std::int64_t height = heatmaps.size(2);
  return {all.narrow(2, 0, width), all.narrow(2, width, height),
          all.narrow(2, width + height, heatmaps.size(1) / joints)};
}

Tensor SoftArgmax(const Marginals& marginals) {
  return torch::stack(
      {Expected(marginals.columns), Expected(marginals.rows), Expected(marginals.depths)}, 2);
}

}  // namespace cnp::train
