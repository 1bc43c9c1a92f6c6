// How far the joints are from where they should be.
#pragma once

#include "convnextpose/train/soft_argmax.h"
#include "convnextpose/train/torch.h"

namespace cnp::train {

/// Spec 6 "Training": sum over joints and pictures of (|dx| + |dy| + |dz|) / 3, each times its
/// weight. All [B, J, 3]. Divided by pictures and joints it is the loss.
torch::Tensor LossSum(const torch::Tensor& joints, const torch::Tensor& target,
                      const torch::Tensor& weight);

/// How far the marginals are from Gaussians (deviation 1 cell) around the targets: sum of the
/// cross-entropies along x, y and z, each times its weight, over 3. Unlike LossSum it tells each
/// cell what to be. (Nibali et al., 2018, "Numerical coordinate regression", regularise alike; Li
/// et al., 2022, "SimCC", train on 1-D classes.)
torch::Tensor MarginalLossSum(const Marginals& marginals, const torch::Tensor& target,
                              const torch::Tensor& weight);

/// [5]: LossSum, then sum and weight of the errors along x and y, and of those along z.
torch::Tensor ErrorSums(const torch::Tensor& joints, const torch::Tensor& target,
                        const torch::Tensor& weight);

}  // namespace cnp::train
