#include "convnextpose/engine/reference.h"

#include <algorithm>
#include <cmath>

namespace cnp::engine {
namespace {

using model::Layer;
using model::LayerKind;

using Values = std::vector<float>;

ReferenceTensor PatchConv(const Layer& layer, const Values& weight, const Values& bias,
                          const ReferenceTensor& in) {
  ReferenceTensor out(layer.out);
  const int k = layer.kernel;
  for (int y = 0; y < out.shape.height; ++y) {
    for (int x = 0; x < out.shape.width; ++x) {
      for (int o = 0; o < out.shape.channels; ++o) {
        double sum = bias[o];
        std::size_t w = static_cast<std::size_t>(o) * in.shape.channels * k * k;
        for (int c = 0; c < in.shape.channels; ++c) {
          for (int i = 0; i < k; ++i) {
            for (int j = 0; j < k; ++j) sum += weight[w++] * in.At(y * k + i, x * k + j, c);
          }
        }
        out.At(y, x, o) = sum;
      }
    }
  }
  return out;
}

ReferenceTensor Depthwise(const Layer& layer, const Values& weight, const Values& bias,
                          const ReferenceTensor& in) {
  ReferenceTensor out(layer.out);
  const int k = layer.kernel;
  for (int y = 0; y < out.shape.height; ++y) {
    for (int x = 0; x < out.shape.width; ++x) {
      for (int c = 0; c < out.shape.channels; ++c) {
        double sum = bias[c];
        for (int i = 0; i < k; ++i) {
          for (int j = 0; j < k; ++j) {
            const int from_y = y + i - k / 2;
            const int from_x = x + j - k / 2;
            const bool inside =
                from_y >= 0 && from_y < in.shape.height && from_x >= 0 && from_x < in.shape.width;
            const std::size_t w = (static_cast<std::size_t>(c) * k + i) * k + j;
            if (inside) sum += weight[w] * in.At(from_y, from_x, c);
          }
        }
        out.At(y, x, c) = sum;
      }
    }
  }
  return out;
}

ReferenceTensor Upsample(const Layer& layer, const ReferenceTensor& in) {
  ReferenceTensor out(layer.out);
  const auto source = [](int i, int size) { return i * (size - 1.0) / (2.0 * size - 1.0); };
  for (int y = 0; y < out.shape.height; ++y) {
    for (int x = 0; x < out.shape.width; ++x) {
      const double from_y = source(y, in.shape.height);
      const double from_x = source(x, in.shape.width);
      const int y0 = static_cast<int>(from_y);
      const int x0 = static_cast<int>(from_x);
      const int y1 = std::min(y0 + 1, in.shape.height - 1);
      const int x1 = std::min(x0 + 1, in.shape.width - 1);
      const double fy = from_y - y0;
      const double fx = from_x - x0;
      for (int c = 0; c < out.shape.channels; ++c) {
        out.At(y, x, c) = (1 - fy) * ((1 - fx) * in.At(y0, x0, c) + fx * in.At(y0, x1, c)) +
                          fy * ((1 - fx) * in.At(y1, x0, c) + fx * in.At(y1, x1, c));
      }
    }
  }
  return out;
}

// scale(c) * x + shift(c)
template <typename Scale, typename Shift>
ReferenceTensor PerChannel(const ReferenceTensor& in, const Scale& scale, const Shift& shift) {
  ReferenceTensor out = in;
  for (std::size_t i = 0; i < out.values.size(); ++i) {
    const std::size_t c = i % in.shape.channels;
    out.values[i] = in.values[i] * scale(c) + shift(c);
  }
  return out;
}

}  // namespace

ReferenceTensor ReferenceLayer(const Layer& layer, const model::Weights& weights,
                               const ReferenceTensor& in, const ReferenceTensor& skip) {
  const auto tensor = [&](const char* suffix) -> const Values& {
    return weights.Get(layer.name + suffix).values;
  };
  ReferenceTensor out = in;
  switch (layer.kind) {
    case LayerKind::kPatchConv:
    case LayerKind::kPointwise:
      return PatchConv(layer, tensor(".weight"), tensor(".bias"), in);
    case LayerKind::kDepthwise:
      return Depthwise(layer, tensor(".weight"), tensor(".bias"), in);
    case LayerKind::kBatchNorm: {
      const Values& gamma = tensor(".weight");
      const Values& beta = tensor(".bias");
      const Values& mean = tensor(".running_mean");
      const Values& variance = tensor(".running_var");
      const auto scale = [&](std::size_t c) {
        return gamma[c] / std::sqrt(variance[c] + model::kBatchNormEpsilon);
      };
      return PerChannel(in, scale, [&](std::size_t c) { return beta[c] - mean[c] * scale(c); });
    }
    case LayerKind::kAffine: {
      const Values& scale = tensor(".weight");
      const Values& shift = tensor(".bias");
      return PerChannel(
          in, [&](std::size_t c) { return scale[c]; }, [&](std::size_t c) { return shift[c]; });
    }
    case LayerKind::kRelu:
      for (double& value : out.values) value = value < 0 ? 0 : value;
      return out;
    case LayerKind::kResidualBegin:
      return out;
    case LayerKind::kResidualEnd:
      for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] += skip.values[i];
      return out;
    case LayerKind::kUpsample:
      return Upsample(layer, in);
    case LayerKind::kSoftArgmax:
      break;
  }
  CNP_CHECK(false, "soft-argmax ends a network; it is no layer with activations");
}

std::vector<ReferenceJoint> ReferenceSoftArgmax(const ReferenceTensor& heatmaps, int joints) {
  const int bins = heatmaps.shape.channels / joints;
  std::vector<ReferenceJoint> result(joints);
  for (int joint = 0; joint < joints; ++joint) {
    double highest = heatmaps.At(0, 0, joint * bins);
    for (int y = 0; y < heatmaps.shape.height; ++y) {
      for (int x = 0; x < heatmaps.shape.width; ++x) {
        for (int z = 0; z < bins; ++z) {
          highest = std::max(highest, heatmaps.At(y, x, joint * bins + z));
        }
      }
    }
    double mass = 0;
    std::array<double, 3> first{};
    std::array<double, 3> second{};
    for (int y = 0; y < heatmaps.shape.height; ++y) {
      for (int x = 0; x < heatmaps.shape.width; ++x) {
        for (int z = 0; z < bins; ++z) {
          const double e = std::exp(heatmaps.At(y, x, joint * bins + z) - highest);
          const std::array<int, 3> cell = {x, y, z};
          mass += e;
          for (int axis = 0; axis < 3; ++axis) {
            first[axis] += e * cell[axis];
            second[axis] += e * cell[axis] * cell[axis];
          }
        }
      }
    }
    for (int axis = 0; axis < 3; ++axis) {
      const double mean = first[axis] / mass;
      result[joint].mean[axis] = mean;
      result[joint].sigma[axis] = std::sqrt(std::max(0.0, second[axis] / mass - mean * mean));
    }
  }
  return result;
}

std::vector<ReferenceJoint> RunReference(const std::vector<Layer>& layers,
                                         const model::Weights& weights,
                                         std::span<const float> picture) {
  ReferenceTensor x(layers.front().in);
  CNP_CHECK(picture.size() == x.values.size(), "picture is not [height, width, 3]");
  std::copy(picture.begin(), picture.end(), x.values.begin());
  ReferenceTensor skip = x;
  for (const Layer& layer : layers) {
    if (layer.kind == LayerKind::kSoftArgmax) return ReferenceSoftArgmax(x, layer.out.height);
    if (layer.kind == LayerKind::kResidualBegin) skip = x;
    x = ReferenceLayer(layer, weights, x, skip);
  }
  CNP_CHECK(false, "the network does not end in soft-argmax");
}

}  // namespace cnp::engine
