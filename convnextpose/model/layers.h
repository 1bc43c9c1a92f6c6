// The network as a flat, typed list of layers. It is the one description of the architecture: the
// engine, the checkpoint validator, the exporters and the counts all walk it.
// Source: shared spec 1-network.md; tensor names are those of the published PyTorch code.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/model/spec.h"

namespace cnp::model {

enum class LayerKind {
  kPatchConv,  ///< kernel x kernel convolution, stride = kernel, no padding.
  kDepthwise,  ///< kernel x kernel, one filter a channel, zero padding kernel / 2.
  kPointwise,  ///< 1x1 convolution: a matrix product over channels.
  kBatchNorm,  ///< (x - mean) / sqrt(var + eps) * weight + bias, per channel.
  kAffine,     ///< x * weight + bias per channel: a BatchNorm with its statistics folded in.
  kRelu,
  kResidualBegin,  ///< Remembers its input ...
  kResidualEnd,    ///< ... and adds it. In training, stochastic depth acts here.
  kUpsample,       ///< Bilinear x2, align_corners = true.
  kSoftArgmax,     ///< Heatmaps [H, W, J * D] -> the expected cell [J, (x, y, z)].
};
std::string_view Name(LayerKind kind);

/// Height, width and channels of one picture's activations.
struct Shape {
  int height = 0;
  int width = 0;
  int channels = 0;
  [[nodiscard]] std::int64_t elements() const { return std::int64_t{height} * width * channels; }
  bool operator==(const Shape&) const = default;
};

struct Layer {
  LayerKind kind = LayerKind::kRelu;
  std::string name;  ///< Prefix of its tensors, e.g. "backbone.stages.0.1.dwconv"; else a label.
  Shape in;
  Shape out;  ///< kSoftArgmax: {joints, 3, 1}.
  int kernel = 1;
  double drop_path = 0;  ///< kResidualEnd: probability of skipping the block in training.
};

/// One tensor of a layer, as PyTorch stores it.
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;
  bool trainable = true;  ///< false: BatchNorm's running statistics.
  bool counter = false;   ///< num_batches_tracked: int64, unused in inference.
  [[nodiscard]] std::int64_t elements() const;
};

/// The network of `spec`, input first. Precondition: Validate(spec).ok().
std::vector<Layer> Layers(const Spec& spec);

/// Weights and statistics of one layer; empty for layers without.
std::vector<TensorSpec> Tensors(const Layer& layer);
/// Those of all layers, in order.
std::vector<TensorSpec> Tensors(const std::vector<Layer>& layers);

/// Multiply-adds of one picture. Only convolutions count, as in the paper's table.
std::int64_t Macs(const Layer& layer);
std::int64_t Macs(const std::vector<Layer>& layers);

struct ParameterCount {
  std::int64_t trainable = 0;
  std::int64_t with_buffers = 0;  ///< And BatchNorm's running statistics and counters.
};
ParameterCount Parameters(const Layer& layer);
ParameterCount Parameters(const std::vector<Layer>& layers);

}  // namespace cnp::model
