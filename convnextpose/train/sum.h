// Sums over processes, as the training step needs them. Internal to this folder.
#pragma once

#include <stdexcept>

#include "convnextpose/train/collective.h"
#include "convnextpose/train/torch.h"

namespace cnp::train {

/// Another process is gone; what() says which or how it was found.
class LostProcess : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What Collective::Join returns.
class SummingCollective : public Collective {
 public:
  /// Replaces `tensor` (contiguous) by its sum over all processes, the same bits everywhere.
  /// Throws LostProcess.
  virtual void Sum(torch::Tensor& tensor) = 0;
  /// Replaces `tensor` (contiguous) by rank 0's. Throws LostProcess.
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
