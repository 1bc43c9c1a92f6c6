#include "convnextpose/train/network.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/train/products.h"
#include "convnextpose/train/soft_argmax.h"
#include "convnextpose/train/sum.h"
#include "convnextpose/train/tile_layers.h"

namespace cnp::train {
namespace {

using model::LayerKind;
using torch::Tensor;

constexpr double kMomentum = 0.1;  // Of BatchNorm's running statistics.
constexpr double kWeightStd = 0.02;
constexpr double kWeightBound = 2;  // The original cuts the normal distribution here.

/// Those whose weights are Slot::matrix.
bool MixesHiddenChannels(const std::vector<model::Layer>& layers, std::size_t i) {
  const auto mixes = [](const model::Layer& layer) {
    return layer.kind == LayerKind::kPointwise || layer.kind == LayerKind::kPatchConv;
  };
  // The first one reads the picture, the last one makes heatmaps.
  return mixes(layers[i]) &&
         std::any_of(layers.begin(), layers.begin() + std::ptrdiff_t(i), mixes) &&
         std::any_of(layers.begin() + std::ptrdiff_t(i) + 1, layers.end(), mixes);
}

}  // namespace

Network::Network(const model::Spec& spec, torch::Device device, torch::Dtype dtype)
    : spec_(spec), layers_(model::Layers(spec)) {
  std::int64_t sizes[2] = {0, 0};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const bool mixes = MixesHiddenChannels(layers_, i);
    for (const model::TensorSpec& tensor : model::Tensors(layers_[i])) {
      if (tensor.counter) continue;
      std::int64_t& size = sizes[tensor.trainable ? 0 : 1];
      const bool matrix = mixes && tensor.shape.size() > 1;  // No bias.
      slots_.push_back(
          {tensor.name, tensor.shape, size, tensor.elements(), tensor.trainable, matrix});
      size += tensor.elements();
    }
  }
  const auto options = torch::TensorOptions().device(device).dtype(dtype);
  parameters = torch::zeros({sizes[0]}, options);
  gradients = torch::zeros({sizes[0]}, options);
  statistics = torch::zeros({sizes[1]}, options);
  PlaceTensors();
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (layers_[i].kind != LayerKind::kBatchNorm) continue;
    tensors_[i].weight.fill_(1);
    tensors_[i].variance.fill_(1);
  }
}

Network Network::Twin() const {
  Network twin = *this;
  twin.gradients = torch::zeros_like(gradients);
  twin.statistics = statistics.clone();
  twin.PlaceTensors();
  return twin;
}

void Network::PlaceTensors() {
  tensors_.clear();
  std::size_t next = 0;
  for (const model::Layer& layer : layers_) {
    Tensors tensors;
    Tensor* const members[] = {&tensors.weight, &tensors.bias, &tensors.mean, &tensors.variance};
    std::size_t member = 0;
    for (const model::TensorSpec& tensor : model::Tensors(layer)) {
      if (!tensor.counter) View(slots_[next++], *members[member++]);
    }
    tensors_.push_back(tensors);
  }
}

void Network::View(const Slot& slot, Tensor& tensor) {
  const auto part = [&](const Tensor& flat) {
    return flat.narrow(0, slot.offset, slot.elements).view(slot.shape);
  };
  tensor = part(slot.trainable ? parameters : statistics);
  if (!slot.trainable) return;
  tensor.set_requires_grad(true);
  tensor.mutable_grad() = part(gradients);
}

void Network::Draw(std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  auto generator = at::detail::createCPUGenerator(seed);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (!tensors_[i].weight.defined() || layers_[i].kind == LayerKind::kBatchNorm) continue;
    Tensor drawn = torch::empty(tensors_[i].weight.sizes(), torch::kDouble);
    drawn.normal_(0, kWeightStd, generator).clamp_(-kWeightBound, kWeightBound);
    tensors_[i].weight.copy_(drawn);
    tensors_[i].bias.zero_();
  }
}

Status Network::Set(const model::Weights& weights) {
  const torch::NoGradGuard no_grad;
  for (const Slot& slot : slots_) {
    if (!weights.Has(slot.name)) return Error{"the initial weights lack " + slot.name};
    const model::WeightTensor& tensor = weights.Get(slot.name);
    if (tensor.shape != slot.shape || std::int64_t(tensor.values.size()) != slot.elements) {
      return Error{"the initial weights' " + slot.name + " has another shape"};
    }
    // from_blob takes no const; the data is only read.
    const Tensor values =
        torch::from_blob(const_cast<float*>(tensor.values.data()), {slot.elements}, torch::kFloat);
    (slot.trainable ? parameters : statistics).narrow(0, slot.offset, slot.elements).copy_(values);
  }
  return {};
}

Found Network::Train(const Tensor& pictures, const Pass& pass) {
  const Marginals marginals = FindMarginals(Forward(pictures, &pass), spec_.joints);
  return {SoftArgmax(marginals), marginals};
}

Tensor Network::Infer(const Tensor& pictures) {
  const torch::NoGradGuard no_grad;
  return SoftArgmax(FindMarginals(Forward(pictures, nullptr), spec_.joints));
}

std::vector<double> Network::drop_path() const {
  std::vector<double> rates;
  for (const model::Layer& layer : layers_) {
    if (layer.kind == LayerKind::kResidualEnd) rates.push_back(layer.drop_path);
  }
  return rates;
}

Tensor Network::Normalise(const Tensor& x, const Tensors& norm, const Pass* pass) const {
  if (pass != nullptr && pass->collective != nullptr) {
    return SynchronisedBatchNorm(x, norm.weight, norm.bias, norm.mean, norm.variance, kMomentum,
                                 model::kBatchNormEpsilon, *pass->collective);
  }
  return torch::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance, pass != nullptr,
                           kMomentum, model::kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

std::size_t Network::ForwardOnTiles(std::size_t first, const Pass& pass, std::int64_t& end,
                                    Tensor& x) const {
  const auto begins = [&](std::initializer_list<LayerKind> kinds) {
    return first + kinds.size() <= layers_.size() &&
           std::equal(kinds.begin(), kinds.end(), layers_.begin() + static_cast<int>(first),
                      [](LayerKind kind, const model::Layer& layer) { return kind == layer.kind; });
  };
  const auto convolution = [&](std::size_t i) {
    return Convolution{tensors_[first + i].weight, tensors_[first + i].bias};
  };
  const auto norm = [&](std::size_t i) {
    const Tensors& own = tensors_[first + i];
    return BatchNorm{own.weight,   own.bias,  own.mean,
                     own.variance, kMomentum, model::kBatchNormEpsilon};
  };
  using enum LayerKind;
  if (begins(
          {kResidualBegin, kDepthwise, kBatchNorm, kPointwise, kRelu, kPointwise, kResidualEnd})) {
    const Tensor scale = pass.branch_scale.defined() ? pass.branch_scale[end] : Tensor();
    ++end;
    x = TileBlock(x, convolution(1), norm(2), convolution(3), convolution(5), scale);
    return 7;
  }
  if (begins({kDepthwise, kBatchNorm, kPointwise, kRelu})) {
    x = TileSeparable(x, convolution(0), norm(1), convolution(2));
    return 4;
  }
  if (begins({kBatchNorm, kPatchConv})) {
    x = TileNormedPatches(x, norm(0), convolution(1));
    return 2;
  }
  if (begins({kPointwise})) {
    x = TilePointwise(x, convolution(0));
    return 1;
  }
  return 0;
}

Tensor Network::Forward(Tensor x, const Pass* pass) {
  x = x.contiguous(torch::MemoryFormat::ChannelsLast);
  Tensor kept;
  std::int64_t end = 0;
  const bool on_tiles =
      pass != nullptr && pass->bfloat16 && pass->collective == nullptr && TileLayersAvailable(x);
  // All but products of matrices is in the weights' own type.
  const auto whole = [&](const Tensor& values) { return values.to(parameters.scalar_type()); };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (on_tiles) {
      if (const std::size_t done = ForwardOnTiles(i, *pass, end, x); done > 0) {
        i += done - 1;
        continue;
      }
    }
    const model::Layer& layer = layers_[i];
    const Tensors& own = tensors_[i];
    switch (layer.kind) {
      case LayerKind::kPatchConv:
      case LayerKind::kPointwise:
        x = Patches(x, own.weight, own.bias, pass != nullptr && pass->bfloat16);
        break;
      case LayerKind::kDepthwise:
        x = Depthwise(whole(x), own.weight, own.bias);
        break;
      case LayerKind::kBatchNorm:
        x = Normalise(whole(x), own, pass);
        break;
      case LayerKind::kRelu:
        x = torch::relu(x);
        break;
      case LayerKind::kResidualBegin:
        kept = x;
        break;
      case LayerKind::kResidualEnd:
        if (pass != nullptr && pass->branch_scale.defined()) {
          x = whole(x) * pass->branch_scale[end++].view({-1, 1, 1, 1});
        }
        x = kept + x;
        break;
      case LayerKind::kUpsample:
        x = torch::upsample_bilinear2d(whole(x), {x.size(2) * 2, x.size(3) * 2},
                                       /*align_corners=*/true);
        break;
      case LayerKind::kSoftArgmax:
        break;  // Of the caller.
      case LayerKind::kAffine:
        CNP_CHECK(false, "a network in training is not folded");
    }
  }
  return x;
}

void AppendWeights(const std::vector<Slot>& slots, const Tensor& parameters,
                   const Tensor& statistics, model::Weights& weights) {
  const Tensor flat[] = {parameters.to(torch::kCPU, torch::kFloat).contiguous(),
                         statistics.to(torch::kCPU, torch::kFloat).contiguous()};
  for (const Slot& slot : slots) {
    const float* first = flat[slot.trainable ? 0 : 1].data_ptr<float>() + slot.offset;
    weights.Set(slot.name, {slot.shape, {first, first + slot.elements}});
  }
}

}  // namespace cnp::train
