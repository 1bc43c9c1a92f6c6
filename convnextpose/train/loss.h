// How far the joints are from where they should be.
#pragma once

#include "convnextpose/train/torch.h"

namespace cnp::train {

/// Spec 6 "Training": sum over joints and pictures of (|dx| + |dy| + |dz|) / 3, each times its
/// weight. All [B, J, 3]. Divided by pictures and joints it is the loss.
torch::Tensor LossSum(const torch::Tensor& joints, const torch::Tensor& target,
                      const torch::Tensor& weight);

/// [5]: the same sum, then sum and weight of the errors along x and y, and of those along z.
torch::Tensor ErrorSums(const torch::Tensor& joints, const torch::Tensor& target,
                        const torch::Tensor& weight);

}  // namespace cnp::train
