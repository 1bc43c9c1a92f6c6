// Sums over processes, as the training step needs them. Internal to this folder.
#pragma once

#include "convnextpose/train/collective.h"
#include "convnextpose/train/torch.h"

namespace cnp::train {

/// What Collective::Join returns.
class SummingCollective : public Collective {
 public:
  /// Replaces `tensor` (contiguous) by its sum over all processes, the same bits everywhere.
  /// Throws c10::Error or std::exception when a process is lost.
  virtual void Sum(torch::Tensor& tensor) = 0;
  /// Replaces `tensor` by rank 0's.
  virtual void Broadcast(torch::Tensor& tensor) = 0;
};

/// BatchNorm of x [B, C, H, W] with mean and variance over the pictures of all processes; updates
/// the running ones. Forward and backward each sum once over the processes, in the same order
/// everywhere. `collective` must live until backward is done.
torch::Tensor SynchronisedBatchNorm(const torch::Tensor& x, const torch::Tensor& weight,
                                    const torch::Tensor& bias, torch::Tensor running_mean,
                                    torch::Tensor running_variance, double momentum, double epsilon,
                                    SummingCollective& collective);

}  // namespace cnp::train
