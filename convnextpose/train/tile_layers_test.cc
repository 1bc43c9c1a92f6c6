// Layers on tile units against the same layers one by one in single precision.
#include "convnextpose/train/tile_layers.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace cnp::train {
namespace {

using torch::Tensor;

constexpr double kEpsilon = 1e-5;

Tensor Drawn(at::IntArrayRef shape, std::uint64_t seed, double deviation = 1, double mean = 0) {
  auto generator = at::detail::createCPUGenerator(seed);
  return torch::empty(shape).normal_(mean, deviation, generator);
}

Convolution DrawnConvolution(std::int64_t out, std::int64_t in, std::int64_t k,
                             std::uint64_t seed) {
  const double deviation = 1 / std::sqrt(static_cast<double>(in * k * k));
  return {Drawn({out, in, k, k}, seed, deviation), Drawn({out}, seed + 1, 0.3)};
}
/// Before a ReLU: rounding turns none on or off, for all values are far from 0 (on both sides).
Convolution FarFromZero(Convolution convolution) {
  const Tensor sign = torch::arange(convolution.bias.size(0)).remainder(2) * 2 - 1;
  return {convolution.weight, convolution.bias + 8 * sign};
}
BatchNorm DrawnNorm(std::int64_t channels, std::uint64_t seed) {
  return {Drawn({channels}, seed, 0.3, 1), Drawn({channels}, seed + 1, 0.3),
          Drawn({channels}, seed + 2), Drawn({channels}, seed + 3).abs()};
}

/// A network of a few layers with its tensors: in each run fresh copies of them.
using Layers =
    std::function<Tensor(const Tensor& x, std::vector<Convolution>& convolutions, BatchNorm& norm)>;

/// Output, running statistics, gradients of x and of all tensors.
std::vector<Tensor> Results(const Layers& layers, const Tensor& x,
                            std::vector<Convolution> convolutions, BatchNorm norm) {
  std::vector<Tensor> leaves;
  const auto leaf = [&](const Tensor& tensor) {
    leaves.push_back(tensor.clone().requires_grad_(true));
    return leaves.back();
  };
  const Tensor input = leaf(x);
  for (Convolution& c : convolutions) c = {leaf(c.weight), leaf(c.bias)};
  norm.weight = leaf(norm.weight);
  norm.bias = leaf(norm.bias);
  norm.mean = norm.mean.clone();
  norm.variance = norm.variance.clone();
  const Tensor out = layers(input, convolutions, norm);
  out.backward(Drawn(out.sizes(), 99).to(out.scalar_type()));
  std::vector<Tensor> results = {out.detach(), norm.mean, norm.variance};
  for (const Tensor& tensor : leaves) results.push_back(tensor.grad());
  return results;
}

Tensor Norm(const Tensor& x, const BatchNorm& norm) {
  return torch::batch_norm(x, norm.weight, norm.bias, norm.mean, norm.variance, true, norm.momentum,
                           norm.epsilon, false);
}
Tensor Depthwise(const Tensor& x, const Convolution& c) {
  return at::conv2d(x, c.weight, c.bias, 1, c.weight.size(2) / 2, 1, c.weight.size(0));
}

/// Of the deviation of the expected numbers. `nothing`: results that are 0 but for rounding.
void ExpectNear(const std::vector<Tensor>& actual, const std::vector<Tensor>& expected,
                std::size_t nothing) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].sizes(), expected[i].sizes()) << i;
    const Tensor difference = actual[i].to(torch::kFloat) - expected[i];
    const double scale = i == nothing ? 1 : expected[i].square().mean().sqrt().item<double>();
    const double error = difference.square().mean().sqrt().item<double>();
    EXPECT_LE(error, 0.01 * scale) << "result " << i;
    EXPECT_LE(difference.abs().max().item<double>(), 0.1 * scale) << "result " << i;
  }
}

class TileLayersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!TileLayersAvailable(torch::zeros({1}))) GTEST_SKIP() << "no AMX here";
  }
};

constexpr std::size_t kDepthwiseBias = 5;  // Of Results; BatchNorm takes it away.

TEST_F(TileLayersTest, BlockIsItsLayers) {
  struct Case {
    std::int64_t pictures, channels, height, width;
  };
  for (const auto& [b, c, h, w] :
       {Case{3, 40, 9, 7}, {2, 80, 16, 16}, {5, 160, 4, 8}, {2, 320, 4, 4}, {1, 24, 3, 3}}) {
    SCOPED_TRACE(std::to_string(c) + " channels");
    const std::vector<Convolution> convolutions = {{Drawn({c, 1, 7, 7}, 1, 0.2), Drawn({c}, 2)},
                                                   FarFromZero(DrawnConvolution(4 * c, c, 1, 3)),
                                                   DrawnConvolution(c, 4 * c, 1, 5)};
    const BatchNorm norm = DrawnNorm(c, 7);
    const Tensor x = Drawn({b, c, h, w}, 11);
    for (const bool scaled : {false, true}) {
      const Tensor scale = scaled ? Drawn({b}, 13, 0.3, 1) : Tensor();
      const auto expected = Results(
          [&](const Tensor& in, std::vector<Convolution>& layers, BatchNorm& n) {
            Tensor y = Norm(Depthwise(in, layers[0]), n);
            y = torch::relu(at::conv2d(y, layers[1].weight, layers[1].bias));
            y = at::conv2d(y, layers[2].weight, layers[2].bias);
            return in + (scaled ? y * scale.view({-1, 1, 1, 1}) : y);
          },
          x, convolutions, norm);
      const auto actual = Results(
          [&](const Tensor& in, std::vector<Convolution>& layers, BatchNorm& n) {
            return TileBlock(in, layers[0], n, layers[1], layers[2], scale);
          },
          x, convolutions, norm);
      ExpectNear(actual, expected, kDepthwiseBias);
    }
  }
}

TEST_F(TileLayersTest, SeparableIsItsLayers) {
  for (const auto& [in, out, kernel] : {std::array{320, 128, 3}, {21, 40, 5}, {128, 256, 7}}) {
    SCOPED_TRACE(in);
    const std::vector<Convolution> convolutions = {
        {Drawn({in, 1, kernel, kernel}, 1, 0.3), Drawn({in}, 2)},
        FarFromZero(DrawnConvolution(out, in, 1, 3))};
    const Tensor x = Drawn({3, in, 6, 9}, 11);
    const auto expected = Results(
        [&](const Tensor& input, std::vector<Convolution>& layers, BatchNorm& n) {
          return torch::relu(
              at::conv2d(Norm(Depthwise(input, layers[0]), n), layers[1].weight, layers[1].bias));
        },
        x, convolutions, DrawnNorm(in, 7));
    const auto actual =
        Results([&](const Tensor& input, std::vector<Convolution>& layers,
                    BatchNorm& n) { return TileSeparable(input, layers[0], n, layers[1]); },
                x, convolutions, DrawnNorm(in, 7));
    ExpectNear(actual, expected, kDepthwiseBias);
  }
}

TEST_F(TileLayersTest, NormedPatchesAreTheirLayers) {
  constexpr std::size_t kNone = 99;
  for (const auto& [in, out, k] : {std::array{40, 80, 2}, {160, 320, 2}, {21, 33, 1}}) {
    SCOPED_TRACE(in);
    const Tensor x = Drawn({3, in, 6, 10}, 11, 1, 2);
    const std::vector<Convolution> convolutions = {DrawnConvolution(out, in, k, 3)};
    const auto expected = Results(
        [&](const Tensor& input, std::vector<Convolution>& layers, BatchNorm& n) {
          return at::conv2d(Norm(input, n), layers[0].weight, layers[0].bias, k);
        },
        x, convolutions, DrawnNorm(in, 7));
    const auto actual =
        Results([&](const Tensor& input, std::vector<Convolution>& layers,
                    BatchNorm& n) { return TileNormedPatches(input, n, layers[0]); },
                x, convolutions, DrawnNorm(in, 7));
    ExpectNear(actual, expected, kNone);
  }
}

TEST_F(TileLayersTest, PointwiseIsItsLayer) {
  constexpr std::size_t kNone = 99;
  const auto without_norm = [](const auto& product) {
    return [product](const Tensor& input, std::vector<Convolution>& layers, BatchNorm& n) {
      // So that the norm's tensors have gradients.
      return product(input, layers[0]) + 0 * (n.weight.sum() + n.bias.sum());
    };
  };
  for (const auto& [in, out] : {std::array{128, 576}, {40, 33}}) {
    const Tensor x = Drawn({3, in, 5, 7}, 11);
    const std::vector<Convolution> convolutions = {DrawnConvolution(out, in, 1, 3)};
    const auto expected = Results(without_norm([](const Tensor& input, const Convolution& c) {
                                    return at::conv2d(input, c.weight, c.bias);
                                  }),
                                  x, convolutions, DrawnNorm(in, 7));
    const auto actual = Results(without_norm([](const Tensor& input, const Convolution& c) {
                                  return TilePointwise(input, c);
                                }),
                                x, convolutions, DrawnNorm(in, 7));
    ExpectNear(actual, expected, kNone);
  }
}

}  // namespace
}  // namespace cnp::train
