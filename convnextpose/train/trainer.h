// The training step: network, loss, optimiser, running averages, and their state on disk. The only
// LibTorch code is behind this header and in this folder (spec 6 Training).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"
#include "convnextpose/train/example.h"

namespace cnp::train {

class Collective;  // collective.h

/// How gradients become steps.
///   kAdamW  the paper's
///   kMuon   matrices take steps whose singular values are all alike, else kAdamW: K. Jordan,
///           "Muon: an optimizer for hidden layers in neural networks" (2024), with the step's
///           size of J. Liu et al., "Muon is scalable for LLM training" (2025), for which AdamW's
///           rates hold. Learns quicker by step; not the paper's.
enum class Optimizer { kAdamW, kMuon };

/// The paper's recipe.
struct Recipe {
  double learning_rate = 1e-3;
  double final_learning_rate = 1e-6;
  Optimizer optimizer = Optimizer::kAdamW;
  double muon_momentum = 0.95;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double weight_decay = 0.1;   ///< On all parameters.
  double warmup_epochs = 5;    ///< The rate rises linearly from 0, set per step ...
  double epochs = 70;          ///< ... then falls by a half cosine to the final one here.
  double drop_path = 0.1;      ///< Of the last block; scales the layer list's.
  double marginal_loss = 0;    ///< Times the cross-entropy of loss.h; not the paper's.
  double depth_weight = 1;     ///< Of the losses along z, of which the paper makes 1.
  double ema_decay = 0.999;    ///< Running average of weights and statistics; 0: none.
  std::uint64_t seed = 1;      ///< Of the first weights and of dropped paths.
  std::string device = "cpu";  ///< Or "cuda".
  int threads = 0;             ///< That compute; 0: OMP_NUM_THREADS, else all cores.
  bool bfloat16 = false;       ///< Matrix products: quicker on CUDA and on CPUs with AMX.
};

struct StepReport {
  /// Cells; mean over joints and batch of all processes (spec 6), without marginal_loss and
  /// depth_weight.
  double loss = 0;
  double learning_rate = 0;
  /// Mean absolute error of the coordinates that count, cells.
  double error_xy = 0;
  double error_z = 0;
  bool stop = false;  ///< Someone asked for it: the same in all processes.
};

/// Not thread-safe. Uses LibTorch's own threads; with `bfloat16` on a CPU with AMX threads of its
/// own, of which each takes a part of the batch (at least 8 pictures), over which BatchNorm
/// normalises.
class Trainer {
 public:
  /// `steps_per_epoch` turns steps into epochs for the schedule. `collective` may be null (one
  /// process). Without `init` weights are drawn: truncated normal (std 0.02), biases 0. With it,
  /// all tensors of `spec` must be there. Errors: no such device.
  static Result<std::unique_ptr<Trainer>> Create(const model::Spec& spec, const Recipe& recipe,
                                                 std::int64_t steps_per_epoch,
                                                 const model::Weights* init,
                                                 Collective* collective);
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;
  virtual ~Trainer() = default;

  /// How many steps were made; the next one is number step().
  [[nodiscard]] virtual std::int64_t step() const = 0;

  /// One step on this process's part of the batch. The input's size may change between steps (the
  /// network is fully convolutional). Errors: a loss that is not finite (with the step), a lost
  /// process.
  virtual Result<StepReport> Step(const Batch& batch) = 0;

  /// Asks all processes to stop: the next step's report tells each.
  virtual void AskToStop() = 0;

  /// As they are now, under the published names; `ema`: their running average.
  [[nodiscard]] virtual model::Weights Weights(bool ema) const = 0;

  /// The published form {epoch, network, optimizer}: opens in the original code's strict loader.
  virtual Status SaveSnapshot(const std::filesystem::path& path, std::int64_t epoch) const = 0;

  /// Everything that the next step depends on (weights, statistics, optimiser, averages, step), as
  /// one safetensors file, written atomically. A run continued from it takes the same steps to the
  /// bit as one that was never broken (same machine, same number of threads).
  virtual Status SaveState(const std::filesystem::path& path) const = 0;
  virtual Status LoadState(const std::filesystem::path& path) = 0;

 protected:
  Trainer() = default;
};

}  // namespace cnp::train
