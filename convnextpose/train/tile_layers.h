// Runs of the network's layers as one differentiable step each, in bfloat16 on tile units (AMX):
// BatchNorm is part of the product behind it, activations stay in the caches, and backwards nothing
// is computed that the products do not already give.
//
// Inputs and outputs are [B, C, H, W] floats, channels last. BatchNorm normalises with the batch's
// statistics and updates the running ones. Sums over pictures do not depend on the number of
// threads.
#pragma once

#include "convnextpose/train/torch.h"

namespace cnp::train {

/// Whether these can take the place of the layers one by one.
bool TileLayersAvailable(const torch::Tensor& x);

struct Convolution {
  torch::Tensor weight, bias;
};
struct BatchNorm {
  torch::Tensor weight, bias, mean, variance;
  double momentum = 0.1;
  double epsilon = 1e-5;
};

/// x + scale * shrink(ReLU(expand(norm(depthwise(x))))), `scale` [B] or undefined.
torch::Tensor TileBlock(const torch::Tensor& x, const Convolution& depthwise, const BatchNorm& norm,
                        const Convolution& expand, const Convolution& shrink,
                        const torch::Tensor& scale);

/// ReLU(pointwise(norm(depthwise(x)))).
torch::Tensor TileSeparable(const torch::Tensor& x, const Convolution& depthwise,
                            const BatchNorm& norm, const Convolution& pointwise);

/// Patches next to each other of norm(x).
torch::Tensor TileNormedPatches(const torch::Tensor& x, const BatchNorm& norm,
                                const Convolution& patches);

/// Pointwise; the result is bfloat16.
torch::Tensor TilePointwise(const torch::Tensor& x, const Convolution& pointwise);

}  // namespace cnp::train
