#include "convnextpose/train/soft_argmax.h"

namespace cnp::train {
namespace {

using torch::Tensor;

/// [B, J, n] -> [B, J]: the expected index.
Tensor Expected(const Tensor& marginal) {
  return (marginal * torch::arange(marginal.size(2), marginal.options())).sum(2);
}

}  // namespace

Tensor SoftArgmax(const Tensor& heatmaps, std::int64_t joints) {
  const std::int64_t depth = heatmaps.size(1) / joints;
  const Tensor volume =
      torch::softmax(heatmaps.contiguous().view({heatmaps.size(0), joints, -1}), 2)
          .view({heatmaps.size(0), joints, depth, heatmaps.size(2), heatmaps.size(3)});
  const Tensor rows = volume.sum(2);  // [B, J, H, W]
  return torch::stack({Expected(rows.sum(2)), Expected(rows.sum(3)), Expected(volume.sum({3, 4}))},
                      2);
}

}  // namespace cnp::train
