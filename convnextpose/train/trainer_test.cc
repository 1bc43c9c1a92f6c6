#include "convnextpose/train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/engine/session.h"
#include "convnextpose/image/crop.h"
#include "convnextpose/train/test_batch.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::unique_ptr<Trainer> NewTrainer(const Recipe& recipe, const model::Weights* init = nullptr) {
  return Trainer::Create(TinySpec(), recipe, 10, init, nullptr).value();
}

void ExpectSameBits(const model::Weights& actual, const model::Weights& expected) {
  ASSERT_EQ(actual.all().size(), expected.all().size());
  for (const auto& [name, tensor] : expected.all()) {
    ASSERT_TRUE(actual.Has(name)) << name;
    EXPECT_EQ(actual.Get(name).shape, tensor.shape) << name;
    EXPECT_EQ(0, std::memcmp(actual.Get(name).values.data(), tensor.values.data(),
                             tensor.values.size() * sizeof(float)))
        << name;
  }
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TrainerTest, BeginsWithDrawnWeights) {
  const model::Weights weights = NewTrainer({.seed = 5})->Weights(false);
  const auto& conv = weights.Get("backbone.stages.3.0.pwconv1.weight").values;
  double sum = 0;
  double squares = 0;
  for (const float value : conv) {
    sum += value;
    squares += value * value;
  }
  const double count = static_cast<double>(conv.size());
  EXPECT_NEAR(sum / count, 0, 0.002);
  EXPECT_NEAR(std::sqrt(squares / count), 0.02, 0.002);
  EXPECT_EQ(weights.Get("backbone.norm.weight").values, std::vector<float>(24, 1));
  EXPECT_EQ(weights.Get("backbone.norm.running_var").values, std::vector<float>(24, 1));
  EXPECT_EQ(weights.Get("head.final_layer.bias").values, std::vector<float>(40, 0));
  ExpectSameBits(NewTrainer({.seed = 5})->Weights(false), weights);
}

TEST(TrainerTest, InitialWeightsMustBeComplete) {
  model::Weights weights = NewTrainer({})->Weights(false);
  ExpectSameBits(NewTrainer({.seed = 9}, &weights)->Weights(true), weights);
  weights.Set("backbone.norm.weight", {{3}, {1, 1, 1}});
  const auto wrong = Trainer::Create(TinySpec(), {}, 10, &weights, nullptr);
  EXPECT_THAT(wrong.error().message, HasSubstr("backbone.norm.weight has another shape"));
  const model::Weights none;
  EXPECT_THAT(Trainer::Create(TinySpec(), {}, 10, &none, nullptr).error().message,
              HasSubstr("lack backbone.downsample_layers.0.0.weight"));
  EXPECT_THAT(Trainer::Create(TinySpec(), {.device = "tpu"}, 10, nullptr, nullptr).error().message,
              HasSubstr("cpu or cuda"));
}

/// The least errors of one answer for both pictures of a batch: who reaches less looks at them.
StepReport OneAnswerForBoth(const Batch& batch) {
  double errors[3] = {};
  double weights[3] = {};
  const std::size_t half = batch.target.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const bool both = batch.weight[i] > 0 && batch.weight[half + i] > 0;
    if (both) errors[i % 3] += std::abs(batch.target[i] - batch.target[half + i]);
    weights[i % 3] += batch.weight[i] + batch.weight[half + i];
  }
  const double sum = errors[0] + errors[1] + errors[2];
  return {.loss = sum / static_cast<double>(2 * half),
          .error_xy = (errors[0] + errors[1]) / (weights[0] + weights[1]),
          .error_z = errors[2] / weights[2]};
}

class LearningTest : public ::testing::TestWithParam<Optimizer> {};
INSTANTIATE_TEST_SUITE_P(Optimizers, LearningTest,
                         ::testing::Values(Optimizer::kAdamW, Optimizer::kMuon));

TEST_P(LearningTest, TellsPicturesApart) {
  const auto trainer = NewTrainer({.learning_rate = 2e-2,
                                   .optimizer = GetParam(),
                                   .weight_decay = 0,
                                   .warmup_epochs = 1,
                                   .epochs = 6,
                                   .drop_path = 0,
                                   .ema_decay = 0.9});
  Batch batch = NumbersBatch(TinySpec(), 1, 2);
  for (float& value : batch.target) value *= 0.7F;  // Within the 4 x 4 cells.
  const StepReport blind = OneAnswerForBoth(batch);
  const double before = trainer->Step(batch)->loss;
  EXPECT_GT(before, 0.5);
  for (int i = 1; i < 60; ++i) ASSERT_TRUE(trainer->Step(batch).ok());
  EXPECT_EQ(trainer->step(), 60);
  const StepReport report = *trainer->Step(batch);
  EXPECT_LT(report.loss, blind.loss / 3);
  EXPECT_LT(report.error_xy, blind.error_xy / 2);
  EXPECT_LT(report.error_z, blind.error_z / 2);
}

TEST(TrainerTest, DepthsCountAsMuchAsTheirWeightSays) {
  const auto after = [](double depth_weight, float batch_weight) {
    Batch batch = NumbersBatch(TinySpec(), 1, 2);
    for (std::size_t z = 2; z < batch.weight.size(); z += 3) batch.weight[z] *= batch_weight;
    const auto trainer =
        NewTrainer({.warmup_epochs = 0, .marginal_loss = 1, .depth_weight = depth_weight});
    EXPECT_TRUE(trainer->Step(batch).ok());
    return trainer->Weights(false);
  };
  ExpectSameBits(after(3, 1), after(1, 3));
  ExpectSameBits(after(0, 1), after(1, 0));
  const auto of = [](const model::Weights& weights) {
    return weights.Get("head.final_layer.weight").values;
  };
  EXPECT_NE(of(after(3, 1)), of(after(1, 1)));
}

TEST(TrainerTest, ReportsErrorsWithoutTheWeightOfDepths) {
  const Batch batch = NumbersBatch(TinySpec(), 1, 2);
  const StepReport plain = *NewTrainer({})->Step(batch);
  const StepReport weighted = *NewTrainer({.depth_weight = 3})->Step(batch);
  EXPECT_EQ(weighted.loss, plain.loss);
  EXPECT_EQ(weighted.error_z, plain.error_z);
}

// On processors with AMX two threads have a network each, and BatchNorm half a batch; elsewhere
// there is nothing to compare.
TEST(TrainerTest, ThreadsWithNetworksOfTheirOwnTakeTheSameStep) {
  const Batch half = NumbersBatch(TinySpec(), 1, 8);
  Batch batch = half;  // Twice the same, so that halves have the statistics of the whole.
  batch.size = 16;
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(batch.pictures, half.pictures);
  append(batch.target, half.target);
  append(batch.weight, half.weight);
  const auto after = [&](int threads, int steps) {
    const auto trainer =
        NewTrainer({.warmup_epochs = 0, .drop_path = 0, .threads = threads, .bfloat16 = true});
    double loss = 0;
    for (int i = 0; i < steps; ++i) loss = trainer->Step(batch)->loss;
    return std::pair(loss, trainer->Weights(false));
  };
  const auto [one_loss, one] = after(1, 1);
  const auto [two_loss, two] = after(2, 1);
  EXPECT_NEAR(one_loss, two_loss, 1e-4 * one_loss);
  // Running statistics, for AdamW's first step has the rate's size whatever the gradient.
  for (const char* name : {"backbone.norm.running_mean", "backbone.norm.running_var",
                           "head.deconv_layers_1.norm.running_var"}) {
    const auto& expected = one.Get(name).values;
    const auto& actual = two.Get(name).values;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 0.01 * std::abs(expected[i]) + 1e-5) << name;
    }
  }
  // They continue to the bit as well.
  const TemporaryFolder folder;
  const fs::path state = folder.path() / "state";
  const auto two_threads = [&] {
    return NewTrainer({.warmup_epochs = 0, .drop_path = 0, .threads = 2, .bfloat16 = true});
  };
  const auto first = two_threads();
  const auto again = two_threads();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(first->Step(batch).ok());
  ASSERT_TRUE(first->SaveState(state).ok());
  ASSERT_TRUE(again->Step(batch).ok());  // Of which nothing may stay.
  ASSERT_TRUE(again->LoadState(state).ok());
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(again->Step(batch).ok());
  ExpectSameBits(again->Weights(false), after(2, 4).second);
}

TEST_P(LearningTest, ContinuesToTheBit) {
  const TemporaryFolder folder;
  const Recipe recipe = {.optimizer = GetParam(),
                         .warmup_epochs = 1,
                         .epochs = 4,
                         .drop_path = 0.5,
                         .ema_decay = 0.99};
  const auto whole = NewTrainer(recipe);
  const auto batch = [](int step) { return NumbersBatch(TinySpec(), 100 + step, 4); };
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(whole->Step(batch(i)).ok());
  ASSERT_TRUE(whole->SaveState(folder.path() / "a").ok());
  const auto again = NewTrainer(recipe);
  ASSERT_TRUE(again->Step(batch(0)).ok());  // Of which nothing may stay.
  ASSERT_TRUE(again->LoadState(folder.path() / "a").ok());
  EXPECT_EQ(again->step(), 7);
  for (int i = 7; i < 10; ++i) {
    EXPECT_EQ(whole->Step(batch(i))->loss, again->Step(batch(i))->loss);
  }
  ExpectSameBits(again->Weights(false), whole->Weights(false));
  ExpectSameBits(again->Weights(true), whole->Weights(true));
  ASSERT_TRUE(whole->SaveState(folder.path() / "b").ok());
  ASSERT_TRUE(again->SaveState(folder.path() / "c").ok());
  EXPECT_EQ(ReadAll(folder.path() / "b"), ReadAll(folder.path() / "c"));
}

TEST(TrainerTest, RefusesForeignStates) {
  const TemporaryFolder folder;
  const auto trainer = NewTrainer({});
  ASSERT_TRUE(trainer->Step(NumbersBatch(TinySpec(), 1, 2)).ok());
  const model::Weights before = trainer->Weights(false);
  const fs::path path = folder.path() / "state";
  ASSERT_TRUE(trainer->SaveState(path).ok());
  const std::string good = ReadAll(path);
  const auto refusal = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    const Status status = trainer->LoadState(path);
    return status.ok() ? "" : status.error().message;
  };
  EXPECT_NE(refusal(good.substr(0, good.size() - 1)), "");
  EXPECT_NE(refusal(good.substr(0, 100)), "");
  EXPECT_NE(refusal(""), "");
  std::string other = good;
  other.replace(other.find("moment2"), 7, "moment3");
  EXPECT_THAT(refusal(other), HasSubstr("no tensor 'moment2'"));
  other = good;
  other.replace(other.find("\"step\":\"1"), 9, "\"step\":\"-");
  EXPECT_THAT(refusal(other), HasSubstr("names no step"));
  other = good;
  other.replace(other.find("tiny"), 4, "tinx");
  EXPECT_THAT(refusal(other), HasSubstr("another network"));
  ASSERT_TRUE(trainer->SaveSnapshot(path, 1).ok());
  EXPECT_THAT(trainer->LoadState(path).error().message, HasSubstr("not the state"));
  EXPECT_THAT(trainer->LoadState(folder.path() / "none").error().message, HasSubstr("none"));
  ExpectSameBits(trainer->Weights(false), before);
}

TEST(TrainerTest, ALossThatIsNotFiniteIsAnError) {
  model::Weights weights = NewTrainer({})->Weights(false);
  model::WeightTensor bias = weights.Get("head.final_layer.bias");
  bias.values[3] = std::nanf("");
  weights.Set("head.final_layer.bias", bias);
  const auto trainer = NewTrainer({}, &weights);
  const auto report = trainer->Step(NumbersBatch(TinySpec(), 1, 2));
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("step 0: the loss is not finite"));
  EXPECT_EQ(trainer->step(), 0);
}

TEST(TrainerTest, AnyInputThatTheStrideDivides) {
  const auto trainer = NewTrainer({});
  for (const int input : {32, 96, 64}) {
    model::Spec spec = TinySpec();
    spec.input_width = spec.input_height = input;
    EXPECT_TRUE(trainer->Step(NumbersBatch(spec, 1, 2)).ok()) << input;
  }
  Batch batch = NumbersBatch(TinySpec(), 1, 2);
  batch.input = 48;
  EXPECT_THROW((void)trainer->Step(batch), CheckFailure);
}

/// Trained a little, so that weights and statistics are not those of a beginning.
std::unique_ptr<Trainer> Trained() {
  auto trainer = NewTrainer({.learning_rate = 3e-3, .warmup_epochs = 1, .epochs = 100});
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(trainer->Step(NumbersBatch(TinySpec(), i % 2, 4)).ok());
  }
  return trainer;
}

TEST(TrainerTest, TheEngineAgrees) {
  const model::Spec spec = TinySpec();
  const model::Weights weights = Trained()->Weights(true);
  Network network(spec, torch::kCPU, torch::kFloat);
  ASSERT_TRUE(network.Set(weights).ok());
  const int size = 3;
  const torch::Tensor pictures =
      PictureTensor(NumbersBatch(spec, 8, size), {0, size}, network.parameters);
  const torch::Tensor expected = network.Infer(pictures).contiguous();
  const convert::FoldedNetwork folded = convert::FoldBatchNorm(model::Layers(spec), weights);
  const engine::Network packed(folded.layers, folded.weights, engine::Precision::kF32);
  ThreadPool pool(2);
  engine::Session session(packed, pool, size);
  std::vector<engine::JointEstimate> joints(size * spec.joints);
  const torch::Tensor pixels = pictures.permute({0, 2, 3, 1}).contiguous();
  session.Run({pixels.data_ptr<float>(), static_cast<std::size_t>(pixels.numel())}, size, joints);
  const float* e = expected.data_ptr<float>();
  for (const engine::JointEstimate& joint : joints) {
    for (int axis = 0; axis < 3; ++axis) EXPECT_NEAR(joint.mean[axis], *e++, 1e-3);
  }
}

TEST(SnapshotTest, LoadsAsANetwork) {
  const TemporaryFolder folder;
  const auto trainer = Trained();
  const fs::path path = folder.path() / "snapshot_9.pth.tar";
  ASSERT_TRUE(trainer->SaveSnapshot(path, 9).ok());
  const auto network = convert::LoadNetwork(path, {.spec = TinySpec()});
  ASSERT_TRUE(network.ok()) << network.error().message;
  EXPECT_EQ(network->epoch, 9);
  ExpectSameBits(network->weights, trainer->Weights(false));
}

// PyTorch is the judge: network and optimiser load strictly into modules of the original form, and
// the next step can be taken.
TEST(SnapshotTest, OpensInPyTorch) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no torch";
  }
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "snapshot_9.pth.tar";
  ASSERT_TRUE(Trained()->SaveSnapshot(path, 9).ok());
  const std::string script = R"(
import sys, torch
sys.path.insert(0, sys.argv[2])
from reference_network import ConvNeXtPose
head = [{"channels": 20, "kernel": 3, "up": True}, {"channels": 12, "kernel": 5, "up": False}]
config = {"depths": [1, 2, 1, 1], "dims": [8, 12, 20, 24], "head": head, "depth_bins": 8,
          "joints": 5, "input": [64, 64]}
snapshot = torch.load(sys.argv[1])
assert list(snapshot) == ["epoch", "network", "optimizer"] and snapshot["epoch"] == 9
network = torch.nn.DataParallel(ConvNeXtPose(config)) if torch.cuda.is_available() else \
    torch.nn.ModuleDict({"module": ConvNeXtPose(config)})
network.load_state_dict(snapshot["network"], strict=True)
assert list(network.state_dict()) == list(snapshot["network"])
assert snapshot["network"]["module.backbone.norm.num_batches_tracked"] == 30
optimizer = torch.optim.AdamW(network.parameters(), lr=1)
optimizer.load_state_dict(snapshot["optimizer"])
group = optimizer.param_groups[0]
assert 0 < group["lr"] < 1 and group["betas"] == (0.9, 0.999) and group["weight_decay"] == 0.1
for parameter in network.parameters():
    state = optimizer.state[parameter]
    assert int(state["step"]) == 30 and state["exp_avg"].shape == parameter.shape
    assert state["exp_avg_sq"].shape == parameter.shape
    assert (state["exp_avg"] ** 2 <= 31 * state["exp_avg_sq"] * 1e3).all()
    parameter.grad = torch.ones_like(parameter)
optimizer.step()
)";
  const fs::path script_path = folder.path() / "check.py";
  std::ofstream(script_path) << script;
  const std::string command = "/usr/bin/python3 " + script_path.string() + " " + path.string() +
                              " " CNP_TESTDATA "/../tools/golden";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace cnp::train
