#include "convnextpose/convert/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "convnextpose/convert/test_checkpoint.h"

namespace cnp::convert {
namespace {

using checkpoint::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// The canonical name of one key.
std::string Name(const std::string& key) {
  TestCheckpoint file;
  file.Add(key, {2, 1, 3, 3}, std::vector<float>(18), DType::kF32);
  const auto keys = MapKeys(file.tensors);
  return keys.ok() ? keys->tensors.at(0).name : keys.error().message;
}

struct Renaming {
  const char* key;
  const char* name;
};
class RenamingTest : public ::testing::TestWithParam<Renaming> {};

TEST_P(RenamingTest, ComesToTheCanonicalName) { EXPECT_EQ(Name(GetParam().key), GetParam().name); }

constexpr const char* kBlock = "backbone.stages.2.5.dwconv.weight";
constexpr const char* kHead = "head.deconv_layers_3.pwconv.weight";
INSTANTIATE_TEST_SUITE_P(
    Backbone, RenamingTest,
    ::testing::Values(
        Renaming{kBlock, kBlock}, Renaming{"stages.2.5.dwconv.weight", kBlock},
        Renaming{"module.backbone.stages.2.5.dwconv.weight", kBlock},
        Renaming{"_orig_mod.module.backbone.stages.2.5.dwconv.weight", kBlock},
        Renaming{"module._orig_mod.stages.2.5.dwconv.weight", kBlock},
        Renaming{"module.backbone._orig_mod.stages.2.5.dwconv.weight", kBlock},
        Renaming{"encoder.stages.2.5.dwconv.weight", kBlock},
        Renaming{"module.encoder.stages.2.5.dwconv.weight", kBlock},
        Renaming{"backbone.encoder.stages.2.5.dwconv.weight", kBlock},
        Renaming{"norm.weight", "backbone.norm.weight"},
        Renaming{"downsample_layers.0.1.running_var", "backbone.downsample_layers.0.1.running_var"},
        Renaming{"downsample_layers.1.0.ln.weight", "backbone.downsample_layers.1.0.weight"},
        Renaming{"encoder.stages.0.0.pwconv1.linear.weight",
                 "backbone.stages.0.0.pwconv1.weight"}));
INSTANTIATE_TEST_SUITE_P(
    Head, RenamingTest,
    ::testing::Values(
        Renaming{kHead, kHead}, Renaming{"head.deconv_layers_3.2.weight", kHead},
        Renaming{"module.head.deconv_layers_3.2.weight", kHead},
        Renaming{"head.deconv_layers.2.pwconv.weight", kHead},
        Renaming{"head.deconv_layers.2.2.weight", kHead},
        Renaming{"deconv_layers.2.2.weight", kHead},
        Renaming{"head.deconv_layers_1.0.weight", "head.deconv_layers_1.dwconv.weight"},
        Renaming{"head.deconv_layers_1.1.running_mean", "head.deconv_layers_1.norm.running_mean"},
        Renaming{"final_layer.weight", "head.final_layer.weight"}));
INSTANTIATE_TEST_SUITE_P(
    Foreign, RenamingTest,
    ::testing::Values(Renaming{"", ""}, Renaming{"module", "module"}, Renaming{".", "."},
                      Renaming{"..weight", "..weight"}, Renaming{"norm", "norm"},
                      Renaming{"module.decoder.0.weight", "decoder.0.weight"},
                      Renaming{"head.weight", "head.weight"},
                      Renaming{"head.deconv_layers_1.3.weight", "head.deconv_layers_1.3.weight"},
                      Renaming{"head.deconv_layers.99999999999999.norm.weight",
                               "head.deconv_layers.99999999999999.norm.weight"}));

TEST(KeysTest, StylesAreToldInWords) {
  TestCheckpoint file(TinySpec());
  file.Rename([](const std::string& name) {
    return "module._orig_mod." + InHeadForm(name, HeadForm::kLegacy);
  });
  const auto keys = MapKeys(file.tensors);
  ASSERT_TRUE(keys.ok());
  EXPECT_THAT(keys->styles, ElementsAre("prefix module._orig_mod.", "legacy head (.0 .1 .2)"));
}

TEST(KeysTest, LegacyHeadRoundTripsEveryName) {
  const TestCheckpoint wanted(TinySpec());
  TestCheckpoint file(TinySpec());
  file.Rename([](const std::string& name) { return InHeadForm(name, HeadForm::kLegacy); });
  const auto keys = MapKeys(file.tensors);
  ASSERT_TRUE(keys.ok());
  for (std::size_t i = 0; i < wanted.tensors.size(); ++i) {
    EXPECT_EQ(keys->tensors[i].name, wanted.tensors[i].name);
    EXPECT_EQ(keys->original[i], file.tensors[i].name);
  }
}

TEST(KeysTest, TwoNetworksInOneFileAreRefused) {
  TestCheckpoint file;
  file.Add("head.final_layer.bias", {2}, std::vector<float>(2), DType::kF32);
  file.Add("module.head.final_layer.bias", {2}, std::vector<float>(2), DType::kF32);
  const auto keys = MapKeys(file.tensors);
  ASSERT_FALSE(keys.ok());
  EXPECT_THAT(keys.error().message, HasSubstr("both mean 'head.final_layer.bias'"));
}

std::vector<float> Counting(int count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), 0.0F);
  return values;
}

/// The only tensor of a file, mapped.
checkpoint::Tensor Mapped(TestCheckpoint& file, const std::string& key,
                          const std::vector<std::int64_t>& shape) {
  int count = 1;
  for (const auto size : shape) count *= static_cast<int>(size);
  file.Add(key, shape, Counting(count), DType::kF32);
  return MapKeys(file.tensors).value().tensors.at(0);
}

TEST(KeysTest, SparseConvolutionIsTransposed) {
  TestCheckpoint file;
  const auto tensor = Mapped(file, "encoder.downsample_layers.1.1.kernel", {4, 3, 5});
  EXPECT_EQ(tensor.name, "backbone.downsample_layers.1.1.weight");
  ASSERT_THAT(tensor.shape, ElementsAre(5, 3, 2, 2));
  EXPECT_TRUE(Validate(tensor).ok());
  const std::vector<float> values = checkpoint::ToFloat(tensor);
  for (int o = 0; o < 5; ++o) {
    for (int i = 0; i < 3; ++i) {
      for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 2; ++x) {
          const int in_file = ((x * 2 + y) * 3 + i) * 5 + o;  // [x, y, in, out]
          EXPECT_EQ(values[((o * 3 + i) * 2 + y) * 2 + x], static_cast<float>(in_file));
        }
      }
    }
  }
}

TEST(KeysTest, SparseDepthwiseIsTransposed) {
  TestCheckpoint file;
  const auto tensor = Mapped(file, "stages.0.0.dwconv.kernel", {49, 6});
  EXPECT_EQ(tensor.name, "backbone.stages.0.0.dwconv.weight");
  ASSERT_THAT(tensor.shape, ElementsAre(6, 1, 7, 7));
  const std::vector<float> values = checkpoint::ToFloat(tensor);
  // Channel 2, row 3, column 5 stands in the file at kernel cell 5 * 7 + 3.
  EXPECT_EQ(values[(2 * 7 + 3) * 7 + 5], static_cast<float>((5 * 7 + 3) * 6 + 2));
}

TEST(KeysTest, OtherShapesOfUpstreamKeepTheirValues) {
  const auto shape_of = [](const std::string& key, const std::vector<std::int64_t>& shape) {
    TestCheckpoint file;
    const auto tensor = Mapped(file, key, shape);
    const std::vector<float> values = checkpoint::ToFloat(tensor);
    EXPECT_EQ(values, Counting(static_cast<int>(values.size())));
    return tensor.shape;
  };
  EXPECT_THAT(shape_of("stages.0.0.pwconv1.linear.weight", {8, 2}), ElementsAre(8, 2, 1, 1));
  EXPECT_THAT(shape_of("stages.0.0.dwconv.bias", {1, 6}), ElementsAre(6));
  EXPECT_THAT(shape_of("stages.0.0.dwconv.bias", {1, 1}), ElementsAre(1));
  EXPECT_THAT(shape_of("stages.0.0.grn.gamma", {1, 24}), ElementsAre(1, 1, 1, 24));
  EXPECT_THAT(shape_of("stages.0.0.norm.num_batches_tracked", {1}), IsEmpty());
  EXPECT_THAT(shape_of("stages.0.0.dwconv.kernel", {48, 6}), ElementsAre(48, 6));  // Not k * k.
  EXPECT_THAT(shape_of("head.final_layer.weight", {6, 4}), ElementsAre(6, 4, 1, 1));
}

}  // namespace
}  // namespace cnp::convert
