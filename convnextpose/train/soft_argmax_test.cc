// Our kernel and its gradient against LibTorch's operations in double precision.
#include "convnextpose/train/soft_argmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "convnextpose/train/loss.h"

namespace cnp::train {
namespace {

using torch::Tensor;

/// Means, and the logits' gradient for a drawn gradient of the means.
std::pair<Tensor, Tensor> WithGradient(const Tensor& heatmaps, std::int64_t joints) {
  const Tensor x = heatmaps.clone().requires_grad_(true);
  const Tensor means = SoftArgmax(FindMarginals(x, joints));
  auto generator = at::detail::createCPUGenerator(5);
  const Tensor gradient = torch::empty({x.size(0), joints, 3}).normal_(0, 1, generator);
  means.backward(gradient.to(means.scalar_type()));
  return {means.detach().to(torch::kDouble), x.grad().to(torch::kDouble)};
}

Tensor Heatmaps(std::int64_t joints, std::int64_t depth) {
  auto generator = at::detail::createCPUGenerator(3);
  return torch::empty({3, joints * depth, 5, 7}).normal_(0, 4, generator);
}

TEST(SoftArgmaxTest, TheKernelIsLibTorchsInDouble) {
  for (const std::int64_t depth : {16, 32, 64}) {
    const Tensor heatmaps = Heatmaps(3, depth);
    for (const bool channels_last : {false, true}) {
      const auto [means, gradient] = WithGradient(
          channels_last ? heatmaps.contiguous(torch::MemoryFormat::ChannelsLast) : heatmaps, 3);
      const auto [expected, expected_gradient] = WithGradient(heatmaps.to(torch::kDouble), 3);
      EXPECT_LT((means - expected).abs().max().item<double>(), 1e-5 * static_cast<double>(depth));
      EXPECT_LT((gradient - expected_gradient).abs().max().item<double>(),
                1e-5 * static_cast<double>(depth));
    }
  }
}

TEST(SoftArgmaxTest, Bfloat16IsReadAndWrittenAsItIs) {
  const Tensor heatmaps = Heatmaps(2, 32).to(torch::kBFloat16);
  const auto [means, gradient] = WithGradient(heatmaps, 2);
  const auto [expected, expected_gradient] = WithGradient(heatmaps.to(torch::kDouble), 2);
  EXPECT_LT((means - expected).abs().max().item<double>(), 1e-3);
  // Rounded to 8 bits, each by itself.
  const Tensor bound = expected_gradient.abs() * (1.0 / 256) + 1e-6;
  EXPECT_TRUE((gradient - expected_gradient).abs().le(bound).all().item<bool>());
}

// The cross-entropy is least, and its gradient zero, where each marginal is the Gaussian itself.
TEST(MarginalLossTest, WantsAGaussianAroundTheTarget) {
  const Tensor cells = torch::arange(12, torch::kDouble);
  const auto around = [&](double center) {
    return torch::softmax((cells - center).square() * -0.5, 0).view({1, 1, 12}).clone();
  };
  const Tensor target = torch::tensor({3.25, 5.0, 8.0}, torch::kDouble).view({1, 1, 3});
  const Tensor weight = torch::ones_like(target);
  const auto loss = [&](double shift) {
    return MarginalLossSum({around(3.25 + shift), around(5), around(8)}, target, weight)
        .item<double>();
  };
  EXPECT_LT(loss(0), loss(0.1));
  EXPECT_LT(loss(0), loss(-0.1));
  Tensor logits = around(3.25).log().requires_grad_(true);
  MarginalLossSum({torch::softmax(logits, 2), around(5), around(8)}, target, weight).backward();
  EXPECT_LT(logits.grad().abs().max().item<double>(), 1e-8);
}

TEST(MarginalLossTest, WhatDoesNotCountMayBeAnything) {
  const Tensor uniform = torch::full({1, 1, 8}, 0.125, torch::kDouble);
  const Tensor target = torch::tensor({2.0, 3.0, std::nan("")}, torch::kDouble).view({1, 1, 3});
  const Tensor weight = torch::tensor({1.0, 1.0, 0.0}, torch::kDouble).view({1, 1, 3});
  const Tensor depths = torch::ones_like(uniform).requires_grad_(true);
  const Tensor loss = MarginalLossSum({uniform, uniform, depths}, target, weight);
  EXPECT_NEAR(loss.item<double>(), 2 * std::log(8.0) / 3, 1e-6);
  loss.backward();
  EXPECT_EQ(depths.grad().abs().sum().item<double>(), 0);
}

TEST(SoftArgmaxTest, WhatIsNotFiniteIsSeen) {
  for (const float wrong :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    Tensor heatmaps = Heatmaps(1, 16);
    heatmaps.data_ptr<float>()[40] = wrong;
    const Tensor means = SoftArgmax(FindMarginals(heatmaps, 1));
    EXPECT_FALSE(means[0].isfinite().any().item<bool>()) << wrong;
    EXPECT_TRUE(means[1].isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace cnp::train
