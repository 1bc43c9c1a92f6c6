// Heatmaps to coordinates, differentiable.
#pragma once

#include "convnextpose/train/torch.h"

namespace cnp::train {

/// What a joint's heatmap says of it along each axis.
struct Marginals {
  torch::Tensor columns, rows, depths;  ///< [B, J, W], [B, J, H], [B, J, D]; each sums to 1.
};

/// Of the softmax over all cells of a joint. heatmaps [B, J * D, H, W] (channels last is fastest);
/// single precision for bfloat16.
Marginals FindMarginals(const torch::Tensor& heatmaps, std::int64_t joints);

/// [B, J, 3]: the expected column, row and depth bin.
torch::Tensor SoftArgmax(const Marginals& marginals);

}  // namespace cnp::train
