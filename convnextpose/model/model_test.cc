#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "convnextpose/model/config.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/model/spec.h"

namespace cnp::model {
namespace {

using ::testing::HasSubstr;

// The published table, counted independently of this code (shared spec 1-network.md).
struct Published {
  const char* name;
  std::int64_t trainable;
  double with_buffers_millions;
  double giga_macs;
  int heatmap;
};

class PublishedTest : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedTest, CountsAgreeWithThePaper) {
  const Spec spec = FindVariant(GetParam().name).value();
  const std::vector<Layer> layers = Layers(spec);
  EXPECT_EQ(Parameters(layers).trainable, GetParam().trainable);
  EXPECT_NEAR(Parameters(layers).with_buffers * 1e-6, GetParam().with_buffers_millions, 0.006);
  EXPECT_NEAR(static_cast<double>(Macs(layers)) * 1e-9, GetParam().giga_macs, 0.0005);
  EXPECT_EQ(spec.heatmap_height(), GetParam().heatmap);
  EXPECT_EQ(spec.heatmap_width(), GetParam().heatmap);
  EXPECT_EQ(spec.depth_bins, GetParam().heatmap);
}

INSTANTIATE_TEST_SUITE_P(All, PublishedTest,
                         ::testing::Values(Published{"XS", 3528008, 3.54, 0.815, 32},
                                           Published{"s", 7438976, 7.45, 1.738, 32},
                                           Published{"M", 7587008, 7.60, 2.795, 64},
                                           Published{"l", 8380352, 8.39, 4.264, 64}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(LayersTest, EachLayerIsFedByTheOneBeforeIt) {
  for (const Variant& variant : Variants()) {
    const std::vector<Layer> layers = Layers(variant.spec);
    EXPECT_EQ(layers.front().in, (Shape{256, 256, 3}));
    for (std::size_t i = 1; i < layers.size(); ++i) EXPECT_EQ(layers[i].in, layers[i - 1].out);
    EXPECT_EQ(layers.back().out, (Shape{18, 3, 1}));
  }
}

TEST(LayersTest, TensorNamesAreUniqueAndThoseOfThePublishedCode) {
  const std::vector<TensorSpec> tensors = Tensors(Layers(FindVariant("XS").value()));
  std::set<std::string> names;
  for (const TensorSpec& tensor : tensors) EXPECT_TRUE(names.insert(tensor.name).second);
  EXPECT_TRUE(names.contains("backbone.downsample_layers.0.0.weight"));
  EXPECT_TRUE(names.contains("backbone.stages.2.5.pwconv2.bias"));
  EXPECT_TRUE(names.contains("backbone.norm.num_batches_tracked"));
  EXPECT_TRUE(names.contains("head.deconv_layers_3.norm.running_var"));
  const auto last = std::find_if(tensors.begin(), tensors.end(), [](const TensorSpec& tensor) {
    return tensor.name == "head.final_layer.weight";
  });
  ASSERT_NE(last, tensors.end());
  EXPECT_EQ(last->shape, (std::vector<std::int64_t>{576, 128, 1, 1}));
}

TEST(LayersTest, StochasticDepthRisesFromZeroToOneTenth) {
  std::vector<double> rates;
  for (const Layer& layer : Layers(FindVariant("S").value())) {
    if (layer.kind == LayerKind::kResidualEnd) rates.push_back(layer.drop_path);
  }
  ASSERT_EQ(rates.size(), 18U);
  EXPECT_EQ(rates.front(), 0);
  EXPECT_DOUBLE_EQ(rates.back(), 0.1);
  EXPECT_TRUE(std::is_sorted(rates.begin(), rates.end()));
}

TEST(ConfigTest, RoundTripsEveryVariant) {
  for (const Variant& variant : Variants()) {
    const auto parsed = ParseConfig(ToConfig(variant.spec));
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    EXPECT_EQ(*parsed, variant.spec);
  }
}

TEST(ConfigTest, ReadsACustomNetwork) {
  const auto spec = ParseConfig(R"({"depths": [1, 1, 2, 1], "dims": [8, 16, 24, 32],
    "head": [{"channels": 20, "kernel": 5, "up": false}, {"channels": 24, "up": true}],
    "depth_bins": 16, "joints": 21, "input": [192, 256]})");
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  EXPECT_EQ(spec->head[0].kernel, 5);
  EXPECT_EQ(spec->head[1].kernel, 3);
  EXPECT_EQ(spec->heatmap_height(), 12);
  EXPECT_EQ(spec->heatmap_width(), 16);
  EXPECT_EQ(spec->heatmap_channels(), 336);
}

struct BadConfig {
  const char* replace;
  const char* with;
  const char* message;
};
class BadConfigTest : public ::testing::TestWithParam<BadConfig> {};

TEST_P(BadConfigTest, IsRefusedByName) {
  std::string json = ToConfig(FindVariant("XS").value());
  const auto at = json.find(GetParam().replace);
  ASSERT_NE(at, std::string::npos);
  json.replace(at, std::string(GetParam().replace).size(), GetParam().with);
  const auto spec = ParseConfig(json);
  ASSERT_FALSE(spec.ok());
  EXPECT_THAT(spec.error().message, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadConfigTest,
    ::testing::Values(BadConfig{"\"joints\":18", "\"joints\":0", "number of joints is 0"},
                      BadConfig{"\"joints\":18", "\"joints\":-1", "out of range"},
                      BadConfig{"\"joints\":18", "\"joints\":18.5", "whole number"},
                      BadConfig{"\"joints\":18", "\"joints\":99999999999999999999", "whole number"},
                      BadConfig{"\"joints\":18", "\"bones\":18", "'joints' is missing"},
                      BadConfig{"[2,2,6,2]", "[2,2,6]", "list of 4"},
                      BadConfig{"[2,2,6,2]", "[2,2,6,2000]", "depth of stage 3 is 2000"},
                      BadConfig{"\"kernel\":3", "\"kernel\":4", "must be odd"},
                      BadConfig{"\"up\":true", "\"up\":1", "head[0].up"},
                      BadConfig{"[256,256]", "[250,256]", "multiple of 32"},
                      BadConfig{"[256,256]", "[4096,4096]", "cells"},
                      BadConfig{"{\"name\"", "[\"name\"", "not a JSON object"}));

TEST(VariantTest, UnknownNameListsTheKnownOnes) {
  EXPECT_THAT(FindVariant("XL").error().message, HasSubstr("XS, S, M, L"));
}

}  // namespace
}  // namespace cnp::model
