// The differentiable network and the optimiser against PyTorch and finite differences, in double
// precision.
#include "convnextpose/train/network.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "convnextpose/model/config.h"
#include "convnextpose/synthetic/synthetic.h"
#include "convnextpose/train/loss.h"
#include "convnextpose/train/schedule.h"
#include "convnextpose/train/test_batch.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

using Json = nlohmann::json;
using torch::Tensor;

Tensor Values(const std::vector<float>& values, const Batch& batch) {
  return torch::from_blob(const_cast<float*>(values.data()), {batch.size, batch.joints, 3},
                          torch::kFloat)
      .to(torch::kDouble);
}

Tensor MeanLoss(Network& network, const Batch& batch, const Pass& pass = {},
                double marginal_loss = 0) {
  const auto [joints, marginals] =
      network.Train(PictureTensor(batch, {0, batch.size}, network.parameters), pass);
  const Tensor target = Values(batch.target, batch);
  const Tensor weight = Values(batch.weight, batch);
  return (LossSum(joints, target, weight) +
          marginal_loss * MarginalLossSum(marginals, target, weight)) /
         (batch.size * batch.joints);
}

Network Seeded(const model::Spec& spec, std::uint64_t seed) {
  Network network(spec, torch::kCPU, torch::kDouble);
  EXPECT_TRUE(network.Set(synthetic::Weights(spec, seed)).ok());
  return network;
}

/// The three sums of make_train_step.py.
std::array<double, 3> Summary(const Tensor& flat, const Slot& slot) {
  const Tensor values = flat.detach().narrow(0, slot.offset, slot.elements).contiguous();
  std::array<double, 3> sums = {};
  for (std::int64_t i = 0; i < slot.elements; ++i) {
    const double value = values.data_ptr<double>()[i];
    sums[0] += value;
    sums[1] += std::abs(value);
    sums[2] += value * static_cast<double>(i * 7 % 13 - 6);
  }
  return sums;
}

void ExpectSummaries(const Json& golden, const Network& network, const Tensor& trainable,
                     const Tensor* others, double tolerance) {
  std::size_t compared = 0;
  for (const Slot& slot : network.slots()) {
    if (!slot.trainable && others == nullptr) continue;
    const auto actual = Summary(slot.trainable ? trainable : *others, slot);
    const auto expected = golden.at(slot.name).get<std::array<double, 3>>();
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(actual[i], expected[i], tolerance) << slot.name << " " << i;
    }
    ++compared;
  }
  EXPECT_EQ(compared, golden.size());
}

TEST(NetworkTest, TwoStepsAgreeWithPyTorch) {
  std::ifstream file(CNP_TESTDATA "/train/train_step.json");
  const Json golden = Json::parse(file);
  const model::Spec spec = model::ParseConfig(golden["config"].dump()).value();
  const std::uint64_t seed = golden["seed"];
  Network network = Seeded(spec, seed);
  const Batch batch = NumbersBatch(spec, seed, golden["batch"]);
  Moments moments = {torch::zeros_like(network.parameters), torch::zeros_like(network.parameters)};
  Tensor no_average;
  for (int step = 0; step < 2; ++step) {
    network.gradients.zero_();
    const Tensor loss = MeanLoss(network, batch);
    EXPECT_NEAR(loss.item<double>(), golden["losses"][step].get<double>(), 1e-6) << step;
    loss.backward();
    if (step == 0) ExpectSummaries(golden["gradients"], network, network.gradients, nullptr, 1e-9);
    const torch::NoGradGuard no_grad;
    AdamW({}, golden["rate"], step, {network.gradients, moments, network.parameters, no_average});
  }
  // AdamW makes steps also of gradients that are nothing but rounding, of biases before a norm.
  ExpectSummaries(golden["after"], network, network.parameters, &network.statistics, 1e-7);
}

TEST(NetworkTest, GradientsAgreeWithFiniteDifferences) {
  const model::Spec spec = TinySpec();
  Network network = Seeded(spec, 3);
  const Batch batch = NumbersBatch(spec, 3, 2);
  const Pass pass = {.branch_scale = BranchScale({0.5, 0.5, 0.5, 0.5, 0.5}, 4, 0, 2, 0, 2)};
  constexpr double kMarginalLoss = 0.5;
  MeanLoss(network, batch, pass, kMarginalLoss).backward();
  const torch::NoGradGuard no_grad;
  const auto loss_at = [&](const Slot& slot, const Tensor& direction, double by) {
    Tensor part = network.parameters.narrow(0, slot.offset, slot.elements);
    const Tensor before = part.clone();
    part.add_(direction, by);
    const double loss = MeanLoss(network, batch, pass, kMarginalLoss).item<double>();
    part.copy_(before);
    return loss;
  };
  auto generator = at::detail::createCPUGenerator(5);
  for (const Slot& slot : network.slots()) {
    if (!slot.trainable) continue;
    Tensor direction = torch::empty({slot.elements}, torch::kDouble).normal_(0, 1, generator);
    const Tensor values = network.parameters.narrow(0, slot.offset, slot.elements);
    direction.mul_(values.abs().mean());
    const double h = 1e-6;  // Of the tensor's magnitude.
    const double expected = (loss_at(slot, direction, h) - loss_at(slot, direction, -h)) / (2 * h);
    const double actual =
        (network.gradients.narrow(0, slot.offset, slot.elements) * direction).sum().item<double>();
    EXPECT_NEAR(actual, expected, 1e-7 + 1e-4 * std::abs(expected)) << slot.name;
  }
}

TEST(NetworkTest, DroppedBranchesScaleTheRest) {
  const Tensor scale = BranchScale({0, 0.25}, 1, 7, 4000, 0, 4000);
  EXPECT_TRUE(torch::equal(scale[0], torch::ones({4000}, torch::kDouble)));
  EXPECT_NEAR(scale[1].mean().item<double>(), 1, 0.05);
  EXPECT_NEAR(scale[1].max().item<double>(), 1 / 0.75, 1e-12);
  EXPECT_TRUE(torch::equal(BranchScale({0, 0.25}, 1, 7, 4000, 100, 50), scale.narrow(1, 100, 50)));
  EXPECT_FALSE(torch::equal(BranchScale({0, 0.25}, 1, 8, 4000, 0, 4000), scale));
  EXPECT_FALSE(BranchScale({0, 0}, 1, 7, 4, 0, 4).defined());
}

TEST(LossTest, WhatDoesNotCountMayBeNotANumber) {
  Tensor joints = torch::ones({1, 2, 3});
  joints.set_requires_grad(true);
  const Tensor target = torch::full({1, 2, 3}, std::nan(""));
  target[0][0].fill_(3);
  const Tensor weight = torch::zeros({1, 2, 3});
  weight[0][0].fill_(1);
  const Tensor loss = LossSum(joints, target, weight);
  loss.backward();
  EXPECT_FLOAT_EQ(loss.item<float>(), 2);
  EXPECT_FLOAT_EQ(joints.grad().sum().item<float>(), -1);
}

TEST(ScheduleTest, RisesThenFallsByACosine) {
  const Recipe recipe = {.warmup_epochs = 5, .epochs = 70};
  EXPECT_EQ(LearningRate(recipe, 10, 0), 0);
  EXPECT_NEAR(LearningRate(recipe, 10, 25), 0.5e-3, 1e-12);
  EXPECT_NEAR(LearningRate(recipe, 10, 50), 1e-3, 1e-12);
  EXPECT_NEAR(LearningRate(recipe, 10, 375), (1e-3 + 1e-6) / 2, 1e-12);
  EXPECT_NEAR(LearningRate(recipe, 10, 700), 1e-6, 1e-12);
  EXPECT_NEAR(LearningRate(recipe, 10, 9999), 1e-6, 1e-12);
  EXPECT_NEAR(LearningRate({.warmup_epochs = 0, .epochs = 0}, 10, 0), 1e-6, 1e-12);
}

}  // namespace
}  // namespace cnp::train
