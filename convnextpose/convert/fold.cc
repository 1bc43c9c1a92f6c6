#include "convnextpose/convert/fold.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "convnextpose/base/check.h"

namespace cnp::convert {
namespace {

using model::Layer;
using model::LayerKind;
using model::Weights;
using model::WeightTensor;

/// y = x * scale + shift per channel, in double precision.
struct Affine {
  std::vector<double> scale;
  std::vector<double> shift;
};

Affine FromBatchNorm(const Layer& norm, const Weights& weights) {
  const auto values = [&](const char* name) -> const std::vector<float>& {
    return weights.Get(norm.name + name).values;
  };
  const std::vector<float>& gamma = values(".weight");
  const std::vector<float>& beta = values(".bias");
  const std::vector<float>& mean = values(".running_mean");
  const std::vector<float>& var = values(".running_var");
  Affine affine;
  for (std::size_t c = 0; c < gamma.size(); ++c) {
    affine.scale.push_back(gamma[c] / std::sqrt(double{var[c]} + model::kBatchNormEpsilon));
    affine.shift.push_back(beta[c] - mean[c] * affine.scale[c]);
  }
  return affine;
}

/// A convolution while it takes in its neighbours; weight is [out, in * kernel * kernel].
struct Convolution {
  std::vector<std::int64_t> shape;
  std::vector<double> weight;
  std::vector<double> bias;
};

bool IsConvolution(const Layer& layer) {
  return layer.kind == LayerKind::kPatchConv || layer.kind == LayerKind::kDepthwise ||
         layer.kind == LayerKind::kPointwise;
}

bool IsPadded(const Layer& layer) {
  return layer.kind == LayerKind::kDepthwise && layer.kernel > 1;
}

/// affine(conv(x))
void FoldBack(const Affine& affine, Convolution& conv) {
  const std::size_t fan_in = conv.weight.size() / conv.bias.size();
  for (std::size_t o = 0; o < conv.bias.size(); ++o) {
    for (std::size_t i = 0; i < fan_in; ++i) conv.weight[o * fan_in + i] *= affine.scale[o];
    conv.bias[o] = conv.bias[o] * affine.scale[o] + affine.shift[o];
  }
}

/// conv(affine(x)), where every window lies inside x
void FoldForward(const Affine& affine, const Layer& layer, Convolution& conv) {
  const std::size_t fan_in = conv.weight.size() / conv.bias.size();
  const std::size_t window = static_cast<std::size_t>(layer.kernel) * layer.kernel;
  for (std::size_t o = 0; o < conv.bias.size(); ++o) {
    for (std::size_t i = 0; i < fan_in; ++i) {
      const std::size_t channel = layer.kind == LayerKind::kDepthwise ? o : i / window;
      double& weight = conv.weight[o * fan_in + i];
      conv.bias[o] += weight * affine.shift[channel];
      weight *= affine.scale[channel];
    }
  }
}

WeightTensor Rounded(std::vector<std::int64_t> shape, const std::vector<double>& values) {
  return {std::move(shape), std::vector<float>(values.begin(), values.end())};
}

class Folder {
 public:
  Folder(const std::vector<Layer>& layers, const Weights& weights)
      : layers_(layers), weights_(weights) {}

  FoldedNetwork Run() {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (layers_[i].kind == LayerKind::kBatchNorm) {
        FoldNorm(i);
      } else {
        out_.layers.push_back(layers_[i]);
        CopyTensors(layers_[i]);
      }
    }
    for (const auto& [name, conv] : folded_) {
      const auto channels = static_cast<std::int64_t>(conv.bias.size());
      out_.weights.Set(name + ".weight", Rounded(conv.shape, conv.weight));
      out_.weights.Set(name + ".bias", Rounded({channels}, conv.bias));
    }
    return std::move(out_);
  }

 private:
  void FoldNorm(std::size_t i) {
    const Affine affine = FromBatchNorm(layers_[i], weights_);
    if (i > 0 && IsConvolution(layers_[i - 1])) {
      FoldBack(affine, Working(layers_[i - 1]));
    } else if (i + 1 < layers_.size() && IsConvolution(layers_[i + 1]) &&
               !IsPadded(layers_[i + 1])) {
      FoldForward(affine, layers_[i + 1], Working(layers_[i + 1]));
    } else {
      KeepAsAffine(layers_[i], affine);
    }
  }

  /// The double-precision copy of a convolution, so that several folds round once.
  Convolution& Working(const Layer& layer) {
    const auto [at, inserted] = folded_.try_emplace(layer.name);
    if (inserted) {
      const WeightTensor& weight = weights_.Get(layer.name + ".weight");
      const std::vector<float>& bias = weights_.Get(layer.name + ".bias").values;
      at->second = {
          weight.shape, {weight.values.begin(), weight.values.end()}, {bias.begin(), bias.end()}};
    }
    return at->second;
  }

  void KeepAsAffine(Layer layer, const Affine& affine) {
    const auto channels = static_cast<std::int64_t>(affine.scale.size());
    layer.kind = LayerKind::kAffine;
    out_.weights.Set(layer.name + ".weight", Rounded({channels}, affine.scale));
    out_.weights.Set(layer.name + ".bias", Rounded({channels}, affine.shift));
    out_.layers.push_back(std::move(layer));
  }

  void CopyTensors(const Layer& layer) {
    for (const model::TensorSpec& tensor : model::Tensors(layer)) {
      out_.weights.Set(tensor.name, weights_.Get(tensor.name));
    }
  }

  const std::vector<Layer>& layers_;
  const Weights& weights_;
  std::map<std::string, Convolution> folded_;
  FoldedNetwork out_;
};

}  // namespace

FoldedNetwork FoldBatchNorm(const std::vector<Layer>& layers, const Weights& weights) {
  return Folder(layers, weights).Run();
}

}  // namespace cnp::convert
