// A network made ready to run: steps with packed weights. Immutable, shared by any number of
// sessions and threads.
#pragma once

#include <variant>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/engine/kernels/depthwise.h"
#include "convnextpose/engine/kernels/dot_pointwise.h"
#include "convnextpose/engine/kernels/pointwise.h"
#include "convnextpose/engine/kernels/soft_argmax.h"
#include "convnextpose/engine/kernels/sparse_pointwise.h"
#include "convnextpose/engine/kernels/tile_pointwise.h"
#include "convnextpose/engine/precision.h"
#include "convnextpose/engine/profile.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/model/weights.h"

namespace cnp::engine {

/// The weights of a matrix product in the form that the precision asks for.
using Product =
    std::variant<PackedPointwise, PackedHalfPointwise, PackedDotPointwise, PackedTilePointwise>;
/// The same behind a ReLU, whose zeros need no work in single precision on vectors.
using ReluProduct = std::variant<PackedSparsePointwise, PackedDotPointwise, PackedTilePointwise>;

// The few operations that the network is made of. Each reads the activations of the one before it.
// `timed` is the index of its first layer in Network::timed_layers().

/// kernel x kernel convolution with stride = kernel, as a matrix product over rearranged pixels:
/// the stem and the downsampling layers.
struct PatchConvStep {
  model::Shape in;
  model::Shape out;
  int kernel = 0;
  Product weights;  ///< Of kernel * kernel * stored channels of the input.
  int timed = 0;
};

/// x + pwconv2(ReLU(pwconv1(dwconv(x)))): a ConvNeXt block, BatchNorm folded.
struct BlockStep {
  model::Shape shape;
  PackedDepthwise dwconv;
  Product pwconv1;
  ReluProduct pwconv2;
  int hidden = 0;  ///< Channels between the two, padded.
  int chunk = 0;   ///< How many of them are computed at a time.
  int timed = 0;
};

/// x * scale + shift per channel.
struct AffineStep {
  model::Shape shape;
  AlignedVector<float> scale;
  AlignedVector<float> shift;
  int timed = 0;
};

/// ReLU(pwconv(dwconv(x))): a layer of the head, BatchNorm folded.
struct SeparableStep {
  model::Shape in;
  model::Shape out;
  PackedDepthwise dwconv;
  Product pwconv;
  int timed = 0;
};

/// Bilinear x2.
struct UpsampleStep {
  model::Shape in;
  std::vector<Lerp> rows;
  std::vector<Lerp> columns;
  int timed = 0;
};

/// final_layer and soft-argmax, joint by joint: the volume is never stored as a whole. Where an
/// upsampling stands before final_layer the two change places: both are linear and the
/// interpolation weights sum to 1, so the result is the same and the matrix product four times
/// smaller.
struct HeatmapStep {
  model::Shape in;
  std::vector<Product> final_layer;  ///< Of each joint: its depth bins.
  HeatmapShape heatmap;
  int timed = 0;
};

using Step =
    std::variant<PatchConvStep, BlockStep, AffineStep, SeparableStep, UpsampleStep, HeatmapStep>;

class Network {
 public:
  /// `layers` is a network whose BatchNorms are folded (convert/fold.h) and `weights` has the
  /// tensors that model::Tensors names, in their shapes. Precondition: both hold, and the layers
  /// stand in the order that model::Layers yields.
  /// Packs for the instruction set in use (engine/isa.h).
  Network(const std::vector<model::Layer>& layers, const model::Weights& weights,
          Precision precision = Precision::kF32);

  [[nodiscard]] Precision precision() const { return precision_; }
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  /// Height and width of the picture, 3 channels.
  [[nodiscard]] const model::Shape& input() const { return input_; }
  [[nodiscard]] int joints() const { return heatmap().joints; }
  [[nodiscard]] const HeatmapShape& heatmap() const;
  /// In the order in which they run: what a Profile counts.
  [[nodiscard]] const std::vector<TimedLayer>& timed_layers() const { return timed_layers_; }

 private:
  Precision precision_;
  model::Shape input_;
  std::vector<Step> steps_;
  std::vector<TimedLayer> timed_layers_;
};

}  // namespace cnp::engine
