#include "convnextpose/model/layers.h"

#include <numeric>

namespace cnp::model {
namespace {

/// Appends layers, each fed by the one before it.
class Builder {
 public:
  explicit Builder(const Spec& spec) : shape_{spec.input_height, spec.input_width, 3} {}

  void PatchConv(const std::string& name, int channels, int patch) {
    Add({.kind = LayerKind::kPatchConv, .name = name, .kernel = patch},
        {shape_.height / patch, shape_.width / patch, channels});
  }
  void Depthwise(const std::string& name, int kernel) {
    Add({.kind = LayerKind::kDepthwise, .name = name, .kernel = kernel}, shape_);
  }
  void Pointwise(const std::string& name, int channels) {
    Add({.kind = LayerKind::kPointwise, .name = name}, {shape_.height, shape_.width, channels});
  }
  void BatchNorm(const std::string& name) {
    Add({.kind = LayerKind::kBatchNorm, .name = name}, shape_);
  }
  void Relu(const std::string& name) { Add({.kind = LayerKind::kRelu, .name = name}, shape_); }
  void Upsample(const std::string& name) {
    Add({.kind = LayerKind::kUpsample, .name = name},
        {shape_.height * 2, shape_.width * 2, shape_.channels});
  }
  void SoftArgmax(const std::string& name, int joints) {
    Add({.kind = LayerKind::kSoftArgmax, .name = name}, {joints, 3, 1});
  }

  /// x + pwconv2(ReLU(pwconv1(norm(dwconv(x)))))
  void Block(const std::string& name, double drop_path) {
    const int channels = shape_.channels;
    Add({.kind = LayerKind::kResidualBegin, .name = name}, shape_);
    Depthwise(name + ".dwconv", kBlockKernel);
    BatchNorm(name + ".norm");
    Pointwise(name + ".pwconv1", kExpansion * channels);
    Relu(name + ".act");
    Pointwise(name + ".pwconv2", channels);
    Add({.kind = LayerKind::kResidualEnd, .name = name, .drop_path = drop_path}, shape_);
  }

  std::vector<Layer> Take() { return std::move(layers_); }

 private:
  void Add(Layer layer, Shape out) {
    layer.in = shape_;
    layer.out = out;
    shape_ = out;
    layers_.push_back(std::move(layer));
  }
  Shape shape_;
  std::vector<Layer> layers_;
};

void AddBackbone(const Spec& spec, Builder& net) {
  const int blocks = std::accumulate(spec.depths.begin(), spec.depths.end(), 0);
  int block = 0;
  for (int i = 0; i < kStages; ++i) {
    const std::string down = "backbone.downsample_layers." + std::to_string(i);
    if (i == 0) {
      net.PatchConv(down + ".0", spec.dims[0], kStemStride);
      net.BatchNorm(down + ".1");
    } else {
      net.BatchNorm(down + ".0");
      net.PatchConv(down + ".1", spec.dims[i], 2);
    }
    for (int j = 0; j < spec.depths[i]; ++j, ++block) {
      const double drop_path = blocks > 1 ? kMaxDropPath * block / (blocks - 1) : 0;
      net.Block("backbone.stages." + std::to_string(i) + "." + std::to_string(j), drop_path);
    }
  }
  net.BatchNorm("backbone.norm");
}

void AddHead(const Spec& spec, Builder& net) {
  for (std::size_t k = 0; k < spec.head.size(); ++k) {
    const HeadLayer& layer = spec.head[k];
    const std::string name = "head.deconv_layers_" + std::to_string(k + 1);
    net.Depthwise(name + ".dwconv", layer.kernel);
    net.BatchNorm(name + ".norm");
    net.Pointwise(name + ".pwconv", layer.channels);
    net.Relu(name + ".act");
    if (layer.up) net.Upsample(name + ".up");
  }
  net.Pointwise("head.final_layer", spec.heatmap_channels());
  net.SoftArgmax("head.soft_argmax", spec.joints);
}

}  // namespace

std::string_view Name(LayerKind kind) {
  switch (kind) {
    case LayerKind::kPatchConv:
      return "patch convolution";
    case LayerKind::kDepthwise:
      return "depthwise";
    case LayerKind::kPointwise:
      return "pointwise";
    case LayerKind::kBatchNorm:
      return "BatchNorm";
    case LayerKind::kAffine:
      return "affine";
    case LayerKind::kRelu:
      return "ReLU";
    case LayerKind::kResidualBegin:
      return "residual begin";
    case LayerKind::kResidualEnd:
      return "residual end";
    case LayerKind::kUpsample:
      return "bilinear x2";
    case LayerKind::kSoftArgmax:
      return "soft-argmax";
  }
  return "unknown";
}

std::int64_t TensorSpec::elements() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::vector<Layer> Layers(const Spec& spec) {
  const Status valid = Validate(spec);
  CNP_CHECK(valid.ok(), valid.error().message);
  Builder net(spec);
  AddBackbone(spec, net);
  AddHead(spec, net);
  return net.Take();
}

std::vector<TensorSpec> Tensors(const Layer& layer) {
  const auto tensor = [&](const char* suffix, std::vector<std::int64_t> shape) {
    return TensorSpec{.name = layer.name + suffix, .shape = std::move(shape)};
  };
  const std::int64_t in = layer.in.channels;
  const std::int64_t out = layer.out.channels;
  const std::int64_t k = layer.kernel;
  switch (layer.kind) {
    case LayerKind::kPatchConv:
    case LayerKind::kPointwise:
      return {tensor(".weight", {out, in, k, k}), tensor(".bias", {out})};
    case LayerKind::kDepthwise:
      return {tensor(".weight", {out, 1, k, k}), tensor(".bias", {out})};
    case LayerKind::kAffine:
      return {tensor(".weight", {out}), tensor(".bias", {out})};
    case LayerKind::kBatchNorm: {
      std::vector<TensorSpec> tensors = {
          tensor(".weight", {out}), tensor(".bias", {out}), tensor(".running_mean", {out}),
          tensor(".running_var", {out}), tensor(".num_batches_tracked", {})};
      for (std::size_t i = 2; i < tensors.size(); ++i) tensors[i].trainable = false;
      tensors.back().counter = true;
      return tensors;
    }
    case LayerKind::kRelu:
    case LayerKind::kResidualBegin:
    case LayerKind::kResidualEnd:
    case LayerKind::kUpsample:
    case LayerKind::kSoftArgmax:
      return {};
  }
  return {};
}

std::vector<TensorSpec> Tensors(const std::vector<Layer>& layers) {
  std::vector<TensorSpec> all;
  for (const Layer& layer : layers) {
    for (TensorSpec& tensor : Tensors(layer)) all.push_back(std::move(tensor));
  }
  return all;
}

std::int64_t Macs(const Layer& layer) {
  const std::int64_t outputs = layer.out.elements();
  const std::int64_t window = std::int64_t{layer.kernel} * layer.kernel;
  switch (layer.kind) {
    case LayerKind::kPatchConv:
    case LayerKind::kPointwise:
      return outputs * window * layer.in.channels;
    case LayerKind::kDepthwise:
      return outputs * window;
    default:
      return 0;
  }
}

std::int64_t Macs(const std::vector<Layer>& layers) {
  std::int64_t sum = 0;
  for (const Layer& layer : layers) sum += Macs(layer);
  return sum;
}

ParameterCount Parameters(const Layer& layer) {
  ParameterCount count;
  for (const TensorSpec& tensor : Tensors(layer)) {
    if (tensor.trainable) count.trainable += tensor.elements();
    count.with_buffers += tensor.elements();
  }
  return count;
}

ParameterCount Parameters(const std::vector<Layer>& layers) {
  ParameterCount sum;
  for (const Layer& layer : layers) {
    const ParameterCount count = Parameters(layer);
    sum.trainable += count.trainable;
    sum.with_buffers += count.with_buffers;
  }
  return sum;
}

}  // namespace cnp::model
