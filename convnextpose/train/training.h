// What a Trainer holds, open to the tests of this folder.
#pragma once

#include <memory>

#include "convnextpose/train/network.h"
#include "convnextpose/train/optimizer.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train {

/// All that changes from step to step.
struct TrainingState {
  std::int64_t step = 0;
  Network network;
  Moments moments;
  torch::Tensor average_parameters, average_statistics;  ///< Undefined without an average.
};

/// With a collective, of all processes together.
struct Sums {
  double loss = 0;
  double error_xy = 0;
  double weight_xy = 0;
  double error_z = 0;
  double weight_z = 0;
  double stops = 0;  ///< Processes that asked for it.
};

/// How many compute where `wanted` are asked for, 0: OMP_NUM_THREADS, else all cores. LibTorch's
/// own choice leaves out half of a core with two threads; launchers set the variable.
int ThreadsOf(int wanted);

/// For the calling thread, which LibTorch gives `threads`. Denormals cost a hundred times a normal
/// number, and with one thread convolutions in single precision leave oneDNN.
void PrepareThread(bool bfloat16, int threads);

/// Pictures [first, first + count) of a batch.
struct Part {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

/// [count, 3, H, W] of the network's type and device, normalised.
torch::Tensor PictureTensor(const Batch& batch, const Part& part, const torch::Tensor& like);

/// What the branches of residual blocks are multiplied with in this step, for pictures
/// [first, first + count) of a batch of `total`: [ends, count]. The same bits on any device.
torch::Tensor BranchScale(const std::vector<double>& drop_path, std::uint64_t seed,
                          std::int64_t step, std::int64_t total, std::int64_t first,
                          std::int64_t count);

/// The published names and order, behind "module.".
Status WriteSnapshot(const TrainingState& state, const Recipe& recipe, double learning_rate,
                     std::int64_t epoch, const std::filesystem::path& path);
Status WriteState(const TrainingState& state, const std::filesystem::path& path);
/// Leaves `state` as it is on errors.
Status ReadState(const std::filesystem::path& path, TrainingState& state);

}  // namespace cnp::train
