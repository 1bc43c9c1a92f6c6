// The network as LibTorch trains it: model::Layers walked with differentiable operations, its
// weights in one flat buffer. Internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/model/weights.h"
#include "convnextpose/train/soft_argmax.h"
#include "convnextpose/train/torch.h"

namespace cnp::train {

class SummingCollective;  // sum.h

/// Where a tensor lies in the flat buffer of its kind (parameters or statistics).
struct Slot {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;
  std::int64_t elements = 0;
  bool trainable = true;
  /// Weights of a hidden layer that mixes channels, [out, in * k * k]: not those that read the
  /// picture or make heatmaps, nor depthwise ones.
  bool matrix = false;
};

/// What a pass finds of B pictures.
struct Found {
  torch::Tensor joints;  ///< [B, J, 3], cells.
  Marginals marginals;
};

/// One pass in training.
struct Pass {
  /// Of residual ends in order and pictures: [ends, B], what each one's branch is multiplied with
  /// (stochastic depth: 0 or 1 / kept). Undefined: 1.
  torch::Tensor branch_scale;
  bool bfloat16 = false;                    ///< Matrix products: see Patches.
  SummingCollective* collective = nullptr;  ///< Statistics of all processes' pictures.
};

class Network {
 public:
  /// Weights and statistics are those of a fresh BatchNorm and else 0.
  Network(const model::Spec& spec, torch::Device device, torch::Dtype dtype);

  /// Another one whose parameters are these, in memory too; gradients and statistics are its own.
  /// The two may train at the same time while nobody changes the parameters.
  [[nodiscard]] Network Twin() const;

  /// Truncated normal (std 0.02), biases 0.
  void Draw(std::uint64_t seed);
  /// Errors: a tensor that is missing or has another shape.
  Status Set(const model::Weights& weights);

  /// pictures [B, 3, H, W], normalised, H and W divisible by kBackboneStride. Normalises with the
  /// batch's statistics and updates the running ones.
  Found Train(const torch::Tensor& pictures, const Pass& pass);
  /// As in inference, with the running statistics.
  torch::Tensor Infer(const torch::Tensor& pictures);

  [[nodiscard]] const model::Spec& spec() const { return spec_; }
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  /// Probability of skipping the branch, of the residual ends in order.
  [[nodiscard]] std::vector<double> drop_path() const;

  torch::Tensor parameters;  ///< [n]; tensors of the layers are views of it.
  torch::Tensor gradients;   ///< [n]; backward() adds to it.
  torch::Tensor statistics;  ///< [m] running means and variances.

 private:
  struct Tensors {
    torch::Tensor weight, bias, mean, variance;
  };
  /// Heatmaps.
  torch::Tensor Forward(torch::Tensor x, const Pass* pass);
  /// Takes the layers from `first` on that tile_layers.h has in one, and says how many: 0, if none.
  /// `end`: of the next residual end.
  std::size_t ForwardOnTiles(std::size_t first, const Pass& pass, std::int64_t& end,
                             torch::Tensor& x) const;
  torch::Tensor Normalise(const torch::Tensor& x, const Tensors& norm, const Pass* pass) const;
  void PlaceTensors();
  void View(const Slot& slot, torch::Tensor& tensor);

  model::Spec spec_;
  std::vector<model::Layer> layers_;
  std::vector<Tensors> tensors_;  ///< Of each layer.
  std::vector<Slot> slots_;       ///< In the order of model::Tensors, without the counters.
};

/// `values` ([n] or [m] as the network's flat buffers) under the slots' names.
void AppendWeights(const std::vector<Slot>& slots, const torch::Tensor& parameters,
                   const torch::Tensor& statistics, model::Weights& weights);

}  // namespace cnp::train
