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
    AdamW(recipe, 0.01, step, gradients, trained.moments, trained.parameters, trained.average);
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

}  // namespace
}  // namespace cnp::train
