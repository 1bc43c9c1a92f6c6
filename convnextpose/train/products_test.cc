// Our own products and their gradients against LibTorch's.
#include "convnextpose/train/products.h"

#include <gtest/gtest.h>

namespace cnp::train {
namespace {

using torch::Tensor;

Tensor Drawn(at::IntArrayRef shape, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  return torch::empty(shape).normal_(0, 1, generator);
}

/// Output, and gradients of x, weight and bias for a gradient drawn.
template <typename Product>
std::vector<Tensor> WithGradients(const Product& product, Tensor x, Tensor weight, Tensor bias) {
  for (Tensor* tensor : {&x, &weight, &bias}) *tensor = tensor->clone().requires_grad_(true);
  const Tensor out = product(x, weight, bias);
  const Tensor gradient = Drawn(out.sizes(), 7).to(out.scalar_type());
  out.backward(gradient);
  return {out.detach(), x.grad(), weight.grad(), bias.grad()};
}

/// As a share of the largest number.
double LargestDifference(const Tensor& actual, const Tensor& expected) {
  EXPECT_EQ(actual.sizes(), expected.sizes());
  const Tensor whole = expected.to(torch::kFloat);
  return ((actual.to(torch::kFloat) - whole).abs().max() / whole.abs().max()).item<double>();
}

TEST(ProductsTest, DepthwiseIsLibTorchs) {
  for (const auto& [channels, kernel, height, width] :
       {std::array{40, 7, 9, 14}, {16, 3, 4, 4}, {21, 5, 8, 6}, {3, 7, 2, 5}, {8, 1, 3, 3}}) {
    const Tensor x = Drawn({5, channels, height, width}, 1);
    const Tensor weight = Drawn({channels, 1, kernel, kernel}, 2);
    const Tensor bias = Drawn({channels}, 3);
    const auto actual = WithGradients(Depthwise, x, weight, bias);
    const auto expected = WithGradients(
        [](const Tensor& in, const Tensor& w, const Tensor& b) {
          return at::conv2d(in, w, b, 1, w.size(2) / 2, 1, w.size(0));
        },
        x, weight, bias);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_LT(LargestDifference(actual[i], expected[i]), 1e-5)
          << i << ": " << channels << " channels, kernel " << kernel;
    }
  }
}

TEST(ProductsTest, PatchesInBfloat16AreNearLibTorchs) {
  for (const std::int64_t k : {1, 2, 4}) {
    const Tensor x = Drawn({3, 24, 8, 12}, 1);
    const Tensor weight = Drawn({20, 24, k, k}, 2);
    const Tensor bias = Drawn({20}, 3);
    const auto with = [&](bool bfloat16) {
      return WithGradients([&](const Tensor& in, const Tensor& w,
                               const Tensor& b) { return Patches(in, w, b, bfloat16); },
                           x, weight, bias);
    };
    const auto actual = with(true);
    const auto expected = with(false);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_LT(LargestDifference(actual[i], expected[i]), 0.02) << i << ", k " << k;  // 8 bits.
    }
  }
}

}  // namespace
}  // namespace cnp::train
