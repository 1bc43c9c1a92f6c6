#include "convnextpose/convert/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "convnextpose/convert/test_checkpoint.h"
#include "convnextpose/convert/values.h"

namespace cnp::convert {

void PrintTo(const Problem& problem, std::ostream* out) { *out << problem.Text(); }

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// Matches a Problem that stands in the way.
auto Is(const std::string& where, const std::string& what, const std::string& cure = "") {
  return AllOf(Field(&Problem::where, where), Field(&Problem::what, HasSubstr(what)),
               Field(&Problem::cure, HasSubstr(cure)), Field(&Problem::fatal, true));
}

model::Spec WithDepth(int depth) {
  model::Spec spec = TinySpec();
  spec.depths[2] = depth;
  return spec;
}

TEST(CompareTest, ANetworkIsEqualToItself) {
  EXPECT_THAT(Compare(TestCheckpoint(TinySpec()).tensors, TinySpec()), IsEmpty());
}

TEST(CompareTest, CountersMayBeMissing) {
  TestCheckpoint file(TinySpec());
  std::erase_if(file.tensors, [](const auto& t) { return t.name.ends_with("tracked"); });
  EXPECT_THAT(Compare(file.tensors, TinySpec()), IsEmpty());
}

TEST(CompareTest, MissingBlocksAreOneLine) {
  EXPECT_THAT(Compare(TestCheckpoint(WithDepth(9)).tensors, WithDepth(27)),
              ElementsAre(Is("backbone.stages.2.9 .. 26",
                             "18 blocks missing: the file has 9 in stage 2, the network 27",
                             "depths 1,1,9,1")));
}

TEST(CompareTest, SurplusBlocksAreOneLineInNaturalOrder) {
  EXPECT_THAT(Compare(TestCheckpoint(WithDepth(12)).tensors, WithDepth(8)),
              ElementsAre(Is("backbone.stages.2.8 .. 11", "4 blocks not expected")));
}

TEST(CompareTest, AHoleIsAnIncompleteFile) {
  TestCheckpoint file(WithDepth(9));
  file.Erase("backbone.stages.2.4");
  EXPECT_THAT(Compare(file.tensors, WithDepth(9)),
              ElementsAre(Is("backbone.stages.2.4", "1 block missing", "incomplete")));
}

TEST(CompareTest, AnotherFinalLayerIsToldInJointsAndBins) {
  model::Spec deeper = TinySpec();
  deeper.depth_bins = 64;
  EXPECT_THAT(Compare(TestCheckpoint(TinySpec()).tensors, deeper),
              ElementsAre(Is("head.final_layer", "96 channels, not 192 = 3 joints x 64 depth bins",
                             "--joints")));
}

TEST(CompareTest, AnotherWidthIsToldByStage) {
  model::Spec wider = WithDepth(5);
  wider.dims[2] = 10;
  EXPECT_THAT(Compare(TestCheckpoint(WithDepth(5)).tensors, wider),
              ElementsAre(Is("backbone.downsample_layers.2", "[6, 4, 2, 2], not [10, 4, 2, 2]"),
                          Is("backbone.stages.2.0 .. 4", "dwconv.weight is [6, 1, 7, 7], not "),
                          Is("backbone.downsample_layers.3", "0.weight is [6], not [10]")));
}

TEST(CompareTest, ABackboneAloneIsCalledThat) {
  TestCheckpoint file(TinySpec());
  file.Erase("head.");
  const std::vector<Problem> problems = Compare(file.tensors, TinySpec());
  ASSERT_THAT(problems, SizeIs(4));
  EXPECT_THAT(problems[0], Is("head.deconv_layers_1", "layer missing", "a backbone alone"));
}

TEST(CompareTest, LayerNormInPlaceOfBatchNorm) {
  TestCheckpoint file(WithDepth(5));
  std::erase_if(file.tensors, [](const auto& tensor) {
    return tensor.name.find(".stages.2.") != std::string::npos &&
           tensor.name.find("running_") != std::string::npos;
  });
  for (int j = 0; j < 5; ++j) {
    file.Add("backbone.stages.2." + std::to_string(j) + ".gamma", {6}, std::vector<float>(6),
             checkpoint::DType::kF32);
  }
  EXPECT_THAT(Compare(file.tensors, WithDepth(5)),
              ElementsAre(Is("backbone.stages.2.0 .. 4",
                             "norm.running_mean, norm.running_var missing; gamma not expected",
                             "LayerNorm")));
}

TEST(CompareTest, LayersThatTheNetworkLacksAreNotPassedOver) {
  TestCheckpoint file(TinySpec());
  file.Add("backbone.stages.2.0.grn.gamma", {1, 1, 1, 24}, std::vector<float>(24),
           checkpoint::DType::kF32);
  file.Add("head.weight", {5, 8}, std::vector<float>(40), checkpoint::DType::kF32);
  EXPECT_THAT(Compare(file.tensors, TinySpec()),
              ElementsAre(Is("backbone.stages.2.0", "grn.gamma not expected"),
                          Is("head.weight", "not expected")));
}

TEST(CompareTest, StrangeNamesDoNoHarm) {
  for (const char* name :
       {"backbone.stages.", "backbone.stages.2", "backbone.stages.77.0.weight", "backbone.stages.x",
        "backbone.", "head.", "head..", "backbone.\n\x1b[2J"}) {
    TestCheckpoint file(TinySpec());
    file.Add(name, {1}, std::vector<float>(1), checkpoint::DType::kF32);
    const std::vector<Problem> problems = Compare(file.tensors, TinySpec());
    ASSERT_THAT(problems, SizeIs(1)) << name;
    EXPECT_TRUE(problems[0].fatal);
    EXPECT_EQ(problems[0].Text().find('\x1b'), std::string::npos);
  }
}

TEST(CompareTest, WhatIsBesideTheNetworkIsPassedOver) {
  TestCheckpoint file(TinySpec());
  for (const char* name : {"decoder.0.weight", "decoder.1.weight", "mask_token"}) {
    file.Add(name, {1}, std::vector<float>(1), checkpoint::DType::kF32);
  }
  const std::vector<Problem> problems = Compare(file.tensors, TinySpec());
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_FALSE(problems[0].fatal);
  EXPECT_EQ(problems[0].Text(), "decoder, mask_token: 3 tensors beside the network; passed over");
}

TEST(CompareTest, IntegersAreNoWeights) {
  TestCheckpoint file(TinySpec());
  file.Erase("head.final_layer.bias");
  file.Add("head.final_layer.bias", {96}, std::vector<std::int8_t>(96), checkpoint::DType::kI8);
  EXPECT_THAT(Compare(file.tensors, TinySpec()),
              ElementsAre(Is("head.final_layer", "bias is int8", "float32")));
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct BadValue {
  const char* tensor;
  int index;
  float value;
  const char* message;
};
class BadValueTest : public ::testing::TestWithParam<BadValue> {};

TEST_P(BadValueTest, IsNamedWithItsPlace) {
  TestCheckpoint file(TinySpec());
  file.Data(GetParam().tensor)[GetParam().index] = GetParam().value;
  const Status status = CheckValues(file.Weights());
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadValueTest,
    ::testing::Values(BadValue{"head.final_layer.weight", 9, kNan,
                               "head.final_layer.weight: 1 of 384 values are unusable, the first, "
                               "NaN, at [2, 1, 0, 0]"},
                      BadValue{"backbone.norm.bias", 7, -kInfinity, "infinite in float32, at [7]"},
                      BadValue{"backbone.norm.running_var", 0, -1e-9F,
                               "a negative variance, at [0]"}));

TEST(ValuesTest, GoodValuesPassAndAreNotZero) {
  const model::Weights weights = TestCheckpoint(TinySpec()).Weights();
  EXPECT_TRUE(CheckValues(weights).ok());
  EXPECT_THAT(ZeroTensors(weights), IsEmpty());
}

TEST(ValuesTest, ZeroWeightsAreFoundZeroBiasesAreNormal) {
  TestCheckpoint file(TinySpec());
  std::fill_n(file.Data("backbone.norm.weight"), 8, 0.0F);
  std::fill_n(file.Data("backbone.norm.bias"), 8, 0.0F);
  EXPECT_THAT(ZeroTensors(file.Weights()), ElementsAre("backbone.norm.weight"));
}

}  // namespace
}  // namespace cnp::convert
