// The convolutions of a training step: LibTorch's, or quicker ones of our own where they apply.
#pragma once

#include "convnextpose/train/torch.h"

namespace cnp::train {

/// Same size, stride 1. x [B, C, H, W], weight [C, 1, k, k], bias [C].
torch::Tensor Depthwise(const torch::Tensor& x, const torch::Tensor& weight,
                        const torch::Tensor& bias);

/// Patches of k x k pixels, next to each other, times weight [out, C, k, k]; k = 1: pointwise.
/// bfloat16: one matrix product of numbers rounded to bfloat16 with sums in single precision, as
/// tensor units multiply them (AMX); the result is bfloat16 as well.
torch::Tensor Patches(const torch::Tensor& x, const torch::Tensor& weight,
                      const torch::Tensor& bias, bool bfloat16);

}  // namespace cnp::train
