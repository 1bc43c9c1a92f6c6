#include "convnextpose/train/optimizer.h"

#include <gtest/gtest.h>

namespace cnp::train {
namespace {

using torch::Tensor;

struct Trained {
  Tensor parameters, average;
  Moments moments;
};

/// Some steps on numbers of this type: floats are ours, doubles LibTorch's.
Trained Train(torch::Dtype dtype, bool averaged) {
  constexpr std::int64_t kNumbers = 1003;  // No whole vectors.
  const Recipe recipe = {.weight_decay = 0.3, .ema_decay = 0.9};
  auto generator = at::detail::createCPUGenerator(7);
  const auto drawn = [&] {
    return torch::empty({kNumbers}, torch::kDouble).normal_(0, 1, generator).to(torch::kFloat);
  };
  Trained trained;
  trained.parameters = drawn().to(dtype);
  trained.moments = {torch::zeros({kNumbers}, dtype), torch::zeros({kNumbers}, dtype)};
  if (averaged) trained.average = trained.parameters.clone();
  for (int step = 0; step < 5; ++step) {
    const Tensor gradients = (drawn() * 1e-3).to(dtype);
    AdamW(recipe, 0.01, step, {gradients, trained.moments, trained.parameters, trained.average});
  }
  return trained;
}

double Difference(const Tensor& a, const Tensor& b) {
  return ((a.to(torch::kDouble) - b).abs().max() / b.abs().max()).item<double>();
}

TEST(OptimizerTest, OneWalkIsLibTorchsOperations) {
  for (const bool averaged : {false, true}) {
    const Trained floats = Train(torch::kFloat, averaged);
    const Trained doubles = Train(torch::kDouble, averaged);
    EXPECT_LT(Difference(floats.parameters, doubles.parameters), 1e-6);
    EXPECT_LT(Difference(floats.moments.first, doubles.moments.first), 1e-6);
    EXPECT_LT(Difference(floats.moments.second, doubles.moments.second), 1e-6);
    ASSERT_EQ(floats.average.defined(), averaged);
    if (averaged) {
      EXPECT_LT(Difference(floats.average, doubles.average), 1e-6);
    }
  }
}

TEST(OptimizerTest, OrthogonalizedMatricesHaveSingularValuesNearOne) {
  auto generator = at::detail::createCPUGenerator(7);
  for (const auto& [rows, columns] : {std::pair{24, 96}, {96, 24}, {40, 40}}) {
    const Tensor matrix = torch::empty({rows, columns}, torch::kDouble).normal_(0, 1e-4, generator);
    const auto [u, s, v] = at::linalg_svd(matrix, false);
    for (const bool bfloat16 : {false, true}) {
      const Tensor made = Orthogonalized(matrix.to(torch::kFloat), bfloat16);
      ASSERT_EQ(made.sizes(), matrix.sizes());
      EXPECT_EQ(made.scalar_type(), torch::kFloat);
      // In the matrix's own singular vectors it is diagonal, with numbers near 1.
      const Tensor inside = u.t().mm(made.to(torch::kDouble)).mm(v.t());
      const Tensor values = inside.diagonal();
      // A square matrix may have a value so small that it does not get there.
      const Tensor large = values.masked_select(s > s[0] / 300);
      EXPECT_GT(large.min().item<double>(), 0.6) << rows << " x " << columns;
      EXPECT_LT(large.max().item<double>(), 1.3) << rows << " x " << columns;
      EXPECT_LT((inside - values.diag()).abs().max().item<double>(), bfloat16 ? 0.1 : 1e-4);
    }
  }
  EXPECT_EQ(Orthogonalized(torch::zeros({4, 8}), false).abs().max().item<float>(), 0);
}

TEST(OptimizerTest, MuonTakesAdamWsStepsInSize) {
  const Recipe recipe = {
      .muon_momentum = 0.9, .beta2 = 0.99, .weight_decay = 0.5, .ema_decay = 0.5};
  auto generator = at::detail::createCPUGenerator(7);
  const Tensor gradient = torch::empty({32 * 64}, torch::kFloat).normal_(0, 1e-3, generator);
  const OptimizerPart part = {
      .gradients = gradient,
      .moments = {torch::zeros({32 * 64}), torch::zeros({32 * 64})},
      .parameters = torch::ones({32 * 64}),
      .average = torch::ones({32 * 64}),
  };
  Muon(recipe, 0.01, 100, 32, part);
  const Tensor step = part.parameters - (1 - 0.01 * 0.5);
  EXPECT_NEAR((step.square().mean().sqrt() / 0.01).item<double>(), 0.2, 0.04);
  // Downhill, and further where the gradient is larger.
  EXPECT_LT((step * gradient).sum().item<double>(),
            -0.7 * (step.norm() * gradient.norm()).item<double>());
  EXPECT_LT(Difference(part.average, (part.parameters + 1).to(torch::kDouble) / 2), 1e-6);
  EXPECT_LT(Difference(part.moments.first, gradient.to(torch::kDouble) * 0.1), 1e-6);
  EXPECT_LT(Difference(part.moments.second, gradient.to(torch::kDouble).square() * 0.01), 1e-5);
}

}  // namespace
}  // namespace cnp::train
