#include "convnextpose/engine/network.h"

#include <algorithm>
#include <span>

#include "convnextpose/base/overloaded.h"

namespace cnp::engine {
namespace {

// Hidden channels of a block that are computed together with tiles: enough for the sums that wait
// between two parts to cost little, few enough for the weights to stay in the second-level cache.
constexpr int kTileChunk = 512;

using model::Layer;
using model::LayerKind;
using model::Weights;

/// Walks the folded layer list and groups it into steps.
class Compiler {
 public:
  Compiler(const std::vector<Layer>& layers, const Weights& weights, Precision precision)
      : layers_(layers), weights_(weights), precision_(precision) {}

  std::vector<Step> Compile() {
    std::vector<Step> steps;
    while (next_ < layers_.size()) {
      const int timed = static_cast<int>(timed_.size());
      steps.push_back(NextStep());
      std::visit([timed](auto& step) { step.timed = timed; }, steps.back());
    }
    return steps;
  }
  [[nodiscard]] const std::vector<TimedLayer>& timed() const { return timed_; }

 private:
  Step NextStep() {
    switch (layers_[next_].kind) {
      case LayerKind::kPatchConv:
        return PatchConv(Take(LayerKind::kPatchConv));
      case LayerKind::kResidualBegin:
        return Block();
      case LayerKind::kAffine:
        return Affine(Take(LayerKind::kAffine));
      case LayerKind::kDepthwise:
        return Separable();
      case LayerKind::kUpsample:
        if (IsNext(LayerKind::kPointwise, 1)) return Heatmap(&layers_[next_++]);
        return Upsample(Take(LayerKind::kUpsample));
      case LayerKind::kPointwise:
        return Heatmap(nullptr);
      default:
        CNP_CHECK(false, "no step begins with " + layers_[next_].name);
    }
  }

  [[nodiscard]] bool IsNext(LayerKind kind, std::size_t ahead = 0) const {
    return next_ + ahead < layers_.size() && layers_[next_ + ahead].kind == kind;
  }
  const Layer& Take(LayerKind kind) {
    CNP_CHECK(IsNext(kind), "expected a layer of kind " + std::string(model::Name(kind)));
    const Layer& layer = layers_[next_++];
    if (IsTimed(kind)) timed_.push_back({layer.name, model::Macs(layer)});
    return layer;
  }
  static bool IsTimed(LayerKind kind) {
    return kind != LayerKind::kRelu && kind != LayerKind::kResidualBegin &&
           kind != LayerKind::kResidualEnd;
  }

  [[nodiscard]] const std::vector<float>& Tensor(const Layer& layer, const char* suffix) const {
    return weights_.Get(layer.name + suffix).values;
  }
  PackedDepthwise TakeDepthwise() {
    const Layer& layer = Take(LayerKind::kDepthwise);
    return PackDepthwise(Tensor(layer, ".weight"), Tensor(layer, ".bias"), layer.in.channels,
                         layer.kernel);
  }
  // Eight bits are for the blocks alone: downsampling and the head are a tenth of the work, and
  // made four fifths of the error of a trained XS when they were rounded to eight as well.
  [[nodiscard]] DotType TypeInBlocks() const {
    return precision_ == Precision::kInt8 ? DotType::kInt8 : DotType::kInt16;
  }
  Product TakePointwise(DotType type) {
    const Layer& layer = Take(LayerKind::kPointwise);
    return Pack(Tensor(layer, ".weight"), Tensor(layer, ".bias"), layer.in.channels,
                layer.out.channels, type);
  }
  [[nodiscard]] Product Pack(std::span<const float> weight, std::span<const float> bias, int in,
                             int out, DotType type) const {
    if (UsesTiles()) return PackTilePointwise(weight, bias, in, out, Parts());
    if (precision_ == Precision::kF32) return PackPointwise(weight, bias, in, out);
    if (precision_ == Precision::kF16 && !HasDotProducts()) {
      return PackHalfPointwise(weight, bias, in, out);
    }
    return PackDotPointwise(weight, bias, in, out, type, DotBlock(in));
  }
  [[nodiscard]] bool UsesTiles() const { return precision_ != Precision::kInt8 && HasTiles(); }
  [[nodiscard]] TileParts Parts() const {
    return precision_ == Precision::kF32 ? TileParts::kThree : TileParts::kTwo;
  }
  // The inputs are not negative, and most are zero: skipping these in single precision beats 16
  // bits.
  ReluProduct TakeReluPointwise() {
    const Layer& layer = Take(LayerKind::kPointwise);
    const std::vector<float>& weight = Tensor(layer, ".weight");
    const std::vector<float>& bias = Tensor(layer, ".bias");
    const int in = layer.in.channels;
    const int out = layer.out.channels;
    if (UsesTiles()) return PackTilePointwise(weight, bias, in, out, Parts());
    if (precision_ != Precision::kInt8) return PackSparsePointwise(weight, bias, in, out);
    return PackDotPointwise(weight, bias, in, out, DotType::kUint8, DotBlock(in));
  }
  // One product a joint. The inputs are not negative.
  std::vector<Product> TakeFinalLayer(int joints) {
    const Layer& layer = Take(LayerKind::kPointwise);
    const std::span<const float> weight = Tensor(layer, ".weight");
    const std::span<const float> bias = Tensor(layer, ".bias");
    const int in = layer.in.channels;
    const int bins = layer.out.channels / joints;
    std::vector<Product> products;
    for (int j = 0; j < joints; ++j) {
      const std::size_t first = static_cast<std::size_t>(j) * bins;
      products.push_back(Pack(weight.subspan(first * in, static_cast<std::size_t>(bins) * in),
                              bias.subspan(first, bins), in, bins,
                              precision_ == Precision::kInt8 ? DotType::kUint8 : DotType::kInt16));
    }
    return products;
  }

  // From PyTorch's [out, in, row, column] to [out, row, column, stored channel], the order in which
  // a patch's pixels are gathered. The picture itself is stored without padding.
  [[nodiscard]] PatchConvStep PatchConv(const Layer& layer) const {
    const std::vector<float>& weight = Tensor(layer, ".weight");
    const int in = layer.in.channels;
    const int stored = IsFirst(layer) ? in : PaddedChannels(in);
    const int taps = layer.kernel * layer.kernel;
    std::vector<float> rearranged(static_cast<std::size_t>(layer.out.channels) * taps * stored);
    for (int o = 0; o < layer.out.channels; ++o) {
      for (int c = 0; c < in; ++c) {
        for (int t = 0; t < taps; ++t) {
          rearranged[(static_cast<std::size_t>(o) * taps + t) * stored + c] =
              weight[(static_cast<std::size_t>(o) * in + c) * taps + t];
        }
      }
    }
    PatchConvStep step{.in = layer.in, .out = layer.out, .kernel = layer.kernel};
    const std::vector<float>& bias = Tensor(layer, ".bias");
    // The picture's patches are too short for whole vectors, and cost little.
    if (IsFirst(layer)) {
      step.weights = PackPointwise(rearranged, bias, taps * stored, layer.out.channels);
    } else {
      step.weights = Pack(rearranged, bias, taps * stored, layer.out.channels, DotType::kInt16);
    }
    return step;
  }
  [[nodiscard]] bool IsFirst(const Layer& layer) const { return &layer == layers_.data(); }

  BlockStep Block() {
    BlockStep step{.shape = Take(LayerKind::kResidualBegin).in};
    step.dwconv = TakeDepthwise();
    step.pwconv1 = TakePointwise(TypeInBlocks());
    Take(LayerKind::kRelu);
    step.hidden = PaddedChannels(layers_[next_].in.channels);
    step.pwconv2 = TakeReluPointwise();
    step.chunk = std::visit(Overloaded{
                                [](const PackedSparsePointwise& packed) { return packed.chunk; },
                                [](const PackedDotPointwise& packed) { return packed.block; },
                                [](const PackedTilePointwise&) { return kTileChunk; },
                            },
                            step.pwconv2);
    Take(LayerKind::kResidualEnd);
    return step;
  }

  [[nodiscard]] AffineStep Affine(const Layer& layer) const {
    AffineStep step{.shape = layer.in};
    const auto pad = [&](const std::vector<float>& values) {
      AlignedVector<float> padded(PaddedChannels(layer.in.channels));
      std::copy(values.begin(), values.end(), padded.begin());
      return padded;
    };
    step.scale = pad(Tensor(layer, ".weight"));
    step.shift = pad(Tensor(layer, ".bias"));
    return step;
  }

  SeparableStep Separable() {
    SeparableStep step{.in = layers_[next_].in};
    step.dwconv = TakeDepthwise();
    step.out = layers_[next_].out;
    step.pwconv = TakePointwise(DotType::kInt16);
    Take(LayerKind::kRelu);
    return step;
  }

  static UpsampleStep Upsample(const Layer& layer) {
    return {layer.in, UpsampleTable(layer.in.height), UpsampleTable(layer.in.width)};
  }

  HeatmapStep Heatmap(const Layer* upsample) {
    HeatmapStep step{.in = upsample != nullptr ? upsample->in : layers_[next_].in};
    const int joints = layers_[next_ + 1].out.height;
    step.final_layer = TakeFinalLayer(joints);
    if (upsample != nullptr) timed_.back().macs /= 4;  // Before it, not behind.
    const Layer& soft_argmax = Take(LayerKind::kSoftArgmax);
    step.heatmap = HeatmapShape(step.in.height, step.in.width, soft_argmax.in.channels / joints,
                                joints, upsample != nullptr);
    return step;
  }

  const std::vector<Layer>& layers_;
  const Weights& weights_;
  Precision precision_;
  std::size_t next_ = 0;
  std::vector<TimedLayer> timed_;
};

}  // namespace

Network::Network(const std::vector<model::Layer>& layers, const model::Weights& weights,
                 Precision precision)
    : precision_(precision) {
  CNP_CHECK(!layers.empty(), "a network has layers");
  input_ = layers.front().in;
  Compiler compiler(layers, weights, precision);
  steps_ = compiler.Compile();
  timed_layers_ = compiler.timed();
  CNP_CHECK(std::holds_alternative<HeatmapStep>(steps_.back()), "a network ends in heatmaps");
}

const HeatmapShape& Network::heatmap() const {
  return std::get<HeatmapStep>(steps_.back()).heatmap;
}

}  // namespace cnp::engine
