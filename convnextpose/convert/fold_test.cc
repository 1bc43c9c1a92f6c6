#include "convnextpose/convert/fold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "convnextpose/convert/test_checkpoint.h"

namespace cnp::convert {
namespace {

using model::Layer;
using model::LayerKind;
using model::Shape;
using model::Weights;

/// Activations of one picture, [height, width, channels], in double precision.
struct Map {
  Shape shape;
  std::vector<double> values;

  double& At(int y, int x, int c) {
    return values[(static_cast<std::size_t>(y) * shape.width + x) * shape.channels + c];
  }
  double Padded(int y, int x, int c) {
    const bool inside = y >= 0 && y < shape.height && x >= 0 && x < shape.width;
    return inside ? At(y, x, c) : 0;
  }
};

Map Zeros(const Shape& shape) {
  return {shape, std::vector<double>(static_cast<std::size_t>(shape.elements()))};
}

/// Any convolution of the network, by its definition.
Map Convolve(const Layer& layer, const Weights& weights, Map& in) {
  const auto& w = weights.Get(layer.name + ".weight").values;
  const auto& b = weights.Get(layer.name + ".bias").values;
  const bool depthwise = layer.kind == LayerKind::kDepthwise;
  const int k = layer.kernel;
  const int stride = depthwise ? 1 : k;
  const int padding = depthwise ? k / 2 : 0;
  const int fan_in = depthwise ? 1 : layer.in.channels;
  Map out = Zeros(layer.out);
  for (int y = 0; y < out.shape.height; ++y) {
    for (int x = 0; x < out.shape.width; ++x) {
      for (int o = 0; o < out.shape.channels; ++o) {
        double sum = b[o];
        for (int i = 0; i < fan_in * k * k; ++i) {
          const int channel = depthwise ? o : i / (k * k);
          const int dy = i % (k * k) / k - padding;
          const int dx = i % k - padding;
          sum += double{w[static_cast<std::size_t>(o) * fan_in * k * k + i]} *
                 in.Padded(y * stride + dy, x * stride + dx, channel);
        }
        out.At(y, x, o) = sum;
      }
    }
  }
  return out;
}

/// Element-wise layers: f(value, channel).
template <typename Function>
Map PerValue(Map map, const Function& f) {
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    map.values[i] = f(map.values[i], i % map.shape.channels);
  }
  return map;
}

Map Upsample(const Layer& layer, Map& in) {
  Map out = Zeros(layer.out);
  for (int y = 0; y < out.shape.height; ++y) {
    for (int x = 0; x < out.shape.width; ++x) {
      const double sy = double{1} * y * (in.shape.height - 1) / (out.shape.height - 1);
      const double sx = double{1} * x * (in.shape.width - 1) / (out.shape.width - 1);
      const int y0 = static_cast<int>(sy);
      const int x0 = static_cast<int>(sx);
      for (int c = 0; c < out.shape.channels; ++c) {
        const auto row = [&](int r) {
          return in.Padded(r, x0, c) * (1 - sx + x0) + in.Padded(r, x0 + 1, c) * (sx - x0);
        };
        out.At(y, x, c) = row(y0) * (1 - sy + y0) + row(y0 + 1) * (sy - y0);
      }
    }
  }
  return out;
}

/// The layers as they are written down, up to the heatmaps.
Map Evaluate(const std::vector<Layer>& layers, const Weights& weights, Map map) {
  Map residual;
  for (const Layer& layer : layers) {
    EXPECT_EQ(layer.in, map.shape) << layer.name;
    const auto tensor = [&](const char* suffix) -> const std::vector<float>& {
      return weights.Get(layer.name + suffix).values;
    };
    switch (layer.kind) {
      case LayerKind::kPatchConv:
      case LayerKind::kDepthwise:
      case LayerKind::kPointwise:
        map = Convolve(layer, weights, map);
        break;
      case LayerKind::kBatchNorm:
        map = PerValue(map, [&](double v, std::size_t c) {
          return (v - tensor(".running_mean")[c]) / std::sqrt(tensor(".running_var")[c] + 1e-5) *
                     tensor(".weight")[c] +
                 tensor(".bias")[c];
        });
        break;
      case LayerKind::kAffine:
        map = PerValue(map, [&](double v, std::size_t c) {
          return v * tensor(".weight")[c] + tensor(".bias")[c];
        });
        break;
      case LayerKind::kRelu:
        map = PerValue(map, [](double v, std::size_t) { return std::max(v, 0.0); });
        break;
      case LayerKind::kResidualBegin:
        residual = map;
        break;
      case LayerKind::kResidualEnd:
        for (std::size_t i = 0; i < map.values.size(); ++i) map.values[i] += residual.values[i];
        break;
      case LayerKind::kUpsample:
        map = Upsample(layer, map);
        break;
      case LayerKind::kSoftArgmax:
        break;
    }
  }
  return map;
}

Map Picture(const Shape& shape) {
  Map map = Zeros(shape);
  std::mt19937 random(7);
  std::uniform_real_distribution<double> pixel(-2, 2.6);
  for (double& value : map.values) value = pixel(random);
  return map;
}

double Largest(const Map& map) {
  double largest = 0;
  for (const double value : map.values) largest = std::max(largest, std::abs(value));
  return largest;
}

/// The largest difference, relative to the largest value.
double Difference(const Map& a, const Map& b) {
  Map difference = a;
  for (std::size_t i = 0; i < a.values.size(); ++i) difference.values[i] -= b.values[i];
  return Largest(difference) / Largest(b);
}

int CountOf(const std::vector<Layer>& layers, LayerKind kind) {
  return static_cast<int>(std::count_if(layers.begin(), layers.end(),
                                        [&](const Layer& layer) { return layer.kind == kind; }));
}

TEST(FoldTest, TheWholeNetworkStaysTheSame) {
  const std::vector<Layer> layers = model::Layers(TinySpec());
  const Weights weights = TestCheckpoint(TinySpec()).Weights();
  const FoldedNetwork folded = FoldBatchNorm(layers, weights);
  EXPECT_EQ(CountOf(folded.layers, LayerKind::kBatchNorm), 0);
  ASSERT_EQ(CountOf(folded.layers, LayerKind::kAffine), 1);
  const Map expected = Evaluate(layers, weights, Picture(layers[0].in));
  const Map actual = Evaluate(folded.layers, folded.weights, Picture(layers[0].in));
  EXPECT_LT(Difference(actual, expected), 1e-6);
}

TEST(FoldTest, TheAffineIsTheNormBeforeThePaddedHead) {
  const std::vector<Layer> layers = model::Layers(TinySpec());
  for (const Layer& layer : FoldBatchNorm(layers, TestCheckpoint(TinySpec()).Weights()).layers) {
    EXPECT_EQ(layer.kind == LayerKind::kAffine, layer.name == "backbone.norm") << layer.name;
  }
}

TEST(FoldTest, WeightsAreThoseOfTheFoldedLayersAndNoOther) {
  const std::vector<Layer> layers = model::Layers(TinySpec());
  const FoldedNetwork folded = FoldBatchNorm(layers, TestCheckpoint(TinySpec()).Weights());
  const auto tensors = model::Tensors(folded.layers);
  EXPECT_EQ(folded.weights.all().size(), tensors.size());
  for (const auto& tensor : tensors) {
    ASSERT_TRUE(folded.weights.Has(tensor.name)) << tensor.name;
    EXPECT_EQ(folded.weights.Get(tensor.name).shape, tensor.shape);
    EXPECT_EQ(folded.weights.Get(tensor.name).values.size(),
              static_cast<std::size_t>(tensor.elements()));
  }
}

/// A few layers on a map of 5 x 6 with four channels.
struct Small {
  static constexpr Shape kShape = {5, 6, 4};
  std::vector<Layer> layers;
  Weights weights;

  explicit Small(std::vector<Layer> list) : layers(std::move(list)) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> unit(-1, 1);
    for (const auto& tensor : model::Tensors(layers)) {
      std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
      for (float& value : values) value = unit(random);
      if (tensor.name.ends_with("var")) {
        for (float& value : values) value = 1e-6F * std::abs(value);
      }
      weights.Set(tensor.name, {tensor.shape, values});
    }
  }
  [[nodiscard]] double FoldingError() const {
    const FoldedNetwork folded = FoldBatchNorm(layers, weights);
    return Difference(Evaluate(folded.layers, folded.weights, Picture(kShape)),
                      Evaluate(layers, weights, Picture(kShape)));
  }
};

Layer Norm(const char* name) {
  return {.kind = LayerKind::kBatchNorm, .name = name, .in = Small::kShape, .out = Small::kShape};
}
Layer Depthwise(const char* name, int kernel) {
  return {.kind = LayerKind::kDepthwise,
          .name = name,
          .in = Small::kShape,
          .out = Small::kShape,
          .kernel = kernel};
}
Layer Pointwise(const char* name) {
  return {.kind = LayerKind::kPointwise, .name = name, .in = Small::kShape, .out = Small::kShape};
}

TEST(FoldTest, AnyPlaceInTheListIsExact) {
  EXPECT_LT(Small({Norm("a"), Depthwise("b", 3)}).FoldingError(), 1e-6);
  EXPECT_LT(Small({Norm("a"), Depthwise("b", 1)}).FoldingError(), 1e-6);
  EXPECT_LT(Small({Norm("a"), Pointwise("b"), Norm("c")}).FoldingError(), 1e-6);
  EXPECT_LT(Small({Depthwise("a", 5), Norm("b"), Pointwise("c"), Norm("d")}).FoldingError(), 1e-6);
  EXPECT_LT(Small({Pointwise("a"), Norm("b"), Norm("c")}).FoldingError(), 1e-6);
  EXPECT_LT(Small({Norm("a")}).FoldingError(), 1e-6);
}

TEST(FoldTest, UnpaddedNeighboursTakeTheNorm) {
  const Small small({Norm("a"), Pointwise("b"), Norm("c"), Norm("d"), Depthwise("e", 1)});
  EXPECT_EQ(FoldBatchNorm(small.layers, small.weights).layers.size(), 2U);
}

// Why a padded convolution may not take the norm before it: outside the picture it sees zeros, and
// with the shift folded it would see the shift. This shows that the tests above would notice.
TEST(FoldTest, FoldingIntoAPaddedConvolutionWouldSpoilTheBorder) {
  const Small small({Norm("a"), Depthwise("b", 3)});
  Weights naive;
  for (const int c : {0, 1, 2, 3}) {
    const auto pick = [&](const char* name) { return small.weights.Get(name).values[c]; };
    const double scale = pick("a.weight") / std::sqrt(pick("a.running_var") + 1e-5);
    const double shift = pick("a.bias") - pick("a.running_mean") * scale;
    auto weight = naive.Has("b.weight") ? naive.Get("b.weight") : small.weights.Get("b.weight");
    auto bias = naive.Has("b.bias") ? naive.Get("b.bias") : small.weights.Get("b.bias");
    for (int i = 0; i < 9; ++i) {
      bias.values[c] += static_cast<float>(weight.values[c * 9 + i] * shift);
      weight.values[c * 9 + i] *= static_cast<float>(scale);
    }
    naive.Set("b.weight", weight);
    naive.Set("b.bias", bias);
  }
  Map expected = Evaluate(small.layers, small.weights, Picture(Small::kShape));
  Map spoilt = Evaluate({small.layers[1]}, naive, Picture(Small::kShape));
  EXPECT_GT(Difference(spoilt, expected), 0.01);
  EXPECT_NEAR(spoilt.At(2, 2, 0), expected.At(2, 2, 0), 1e-5 * Largest(expected));
}

}  // namespace
}  // namespace cnp::convert
