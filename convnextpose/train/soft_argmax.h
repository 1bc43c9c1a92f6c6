// Heatmaps to coordinates, differentiable.
#pragma once

#include "convnextpose/train/torch.h"

namespace cnp::train {

/// heatmaps [B, J * D, H, W] (channels last is fastest) -> [B, J, 3]: the expected column, row and
/// depth bin under the softmax over all cells of a joint. Single precision for bfloat16.
torch::Tensor SoftArgmax(const torch::Tensor& heatmaps, std::int64_t joints);

}  // namespace cnp::train
