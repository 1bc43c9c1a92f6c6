#include "convnextpose/convert/identify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "convnextpose/convert/test_checkpoint.h"
#include "convnextpose/model/config.h"

namespace cnp::convert {
namespace {

using model::FindVariant;
using model::Spec;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Spec Variant(const char* name) { return FindVariant(name).value(); }

/// The sizes of a variant with another final_layer.
Sizes WithChannels(const char* variant, int channels) {
  Sizes sizes = SizesOf(Variant(variant));
  sizes.heatmap_channels = channels;
  return sizes;
}

TEST(SizesTest, AreReadFromTheShapesOfTheTensors) {
  Spec spec = TinySpec();
  spec.depths = {1, 2, 11, 1};  // Two digits: the eleventh block is not the second.
  const TestCheckpoint file(spec);
  EXPECT_EQ(ReadSizes(file.tensors), SizesOf(spec));
  EXPECT_EQ(Describe(ReadSizes(file.tensors)),
            "dims 4,4,6,8, depths 1,2,11,1, head 5,6,4 (kernels 3,5,3), final_layer 96");
}

TEST(SizesTest, WhatIsMissingIsUnknown) {
  TestCheckpoint file(TinySpec());
  file.Erase("backbone.downsample_layers.2");
  file.Erase("backbone.stages.3");
  file.Erase("head.deconv_layers_2.pwconv");
  file.Erase("head.final_layer");
  const Sizes sizes = ReadSizes(file.tensors);
  EXPECT_THAT(sizes.dims, ElementsAre(4, 4, 6, 8));  // From the blocks, from the convolution.
  EXPECT_THAT(sizes.depths, ElementsAre(1, 1, 2, 0));
  EXPECT_EQ(sizes.head.at(1), (Sizes::HeadLayer{.channels = 0, .kernel = 5}));
  EXPECT_EQ(sizes.heatmap_channels, 0);
  EXPECT_THAT(Differences(sizes, SizesOf(TinySpec())), IsEmpty());
}

TEST(SizesTest, AbsurdIndicesAreNoSizes) {
  TestCheckpoint file;
  for (const char* name :
       {"backbone.stages.0.4000000000.dwconv.weight", "backbone.stages.0.2000000.dwconv.weight",
        "backbone.stages.0.-1.dwconv.weight", "backbone.stages.0.1x.weight",
        "head.deconv_layers_99999999.dwconv.weight"}) {
    file.Add(name, {1}, std::vector<float>(1), checkpoint::DType::kF32);
  }
  EXPECT_EQ(ReadSizes(file.tensors), Sizes{});
}

class PublishedTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PublishedTest, IsFoundFromItsTensorsAlone) {
  const Identification id = Identify(SizesOf(Variant(GetParam())), {.file_name = "model.pth"});
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_EQ(*id.spec, Variant(GetParam()));
  EXPECT_EQ(id.variant, GetParam());
  EXPECT_FALSE(id.claim);
  EXPECT_TRUE(id.agrees());
}

TEST_P(PublishedTest, AgreesWithItsOwnNameAndNoOther) {
  for (const char* name : {"XS", "S", "M", "L"}) {
    const Identification id = Identify(SizesOf(Variant(GetParam())),
                                       {.file_name = std::string("ConvNeXtPose_") + name + ".tar"});
    ASSERT_TRUE(id.claim);
    EXPECT_EQ(id.claim->variant, name);
    EXPECT_TRUE(id.claim->label);
    EXPECT_EQ(id.agrees(), std::string(name) == GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(All, PublishedTest, ::testing::Values("XS", "S", "M", "L"),
                         [](const auto& test) { return std::string(test.param); });

struct Naming {
  const char* file_name;
  const char* variant;  ///< Empty: claims nothing.
  bool label;
};
class NamingTest : public ::testing::TestWithParam<Naming> {};

TEST_P(NamingTest, ClaimsTheVariant) {
  const auto claim = FindClaim({.file_name = GetParam().file_name});
  ASSERT_EQ(claim.has_value(), GetParam().variant[0] != '\0');
  if (!claim) return;
  EXPECT_EQ(claim->variant, GetParam().variant);
  EXPECT_EQ(claim->label, GetParam().label);
}

INSTANTIATE_TEST_SUITE_P(All, NamingTest,
                         ::testing::Values(Naming{"ConvNeXtPose_XS.tar", "XS", true},
                                           Naming{"convnextpose-m.safetensors", "M", true},
                                           Naming{"convnextpose_xs_refit.pth.tar", "XS", true},
                                           Naming{"my ConvNeXtPose L (1).tar", "L", true},
                                           Naming{"ConvNeXtPose_large.tar", "", false},
                                           Naming{"ConvNeXtPose.tar", "", false},
                                           Naming{"snapshot_83.pth.tar", "L", false},
                                           Naming{"snapshot_67.pth.tar", "S", false},
                                           Naming{"snapshot_6.pth.tar", "", false},
                                           Naming{"snapshot_.pth.tar", "", false},
                                           Naming{"snapshot_99999999999999999999.tar", "", false},
                                           Naming{"", "", false}));

TEST(ClaimTest, TheNameComesBeforeTheRootAndTheEpoch) {
  EXPECT_EQ(FindClaim({.file_name = "a.tar", .root = "snapshot_83.pth"})->variant, "L");
  EXPECT_EQ(FindClaim({.file_name = "a.tar", .root = "archive", .epoch = 70})->variant, "M");
  EXPECT_EQ(FindClaim({.file_name = "ConvNeXtPose_S.tar", .root = "snapshot_83.pth"})->variant,
            "S");
  EXPECT_FALSE(FindClaim({.file_name = "a.tar", .epoch = 12}));
}

TEST(IdentifyTest, AContradictionIsToldWithBothSidesAndTheCure) {
  const Identification id = Identify(SizesOf(Variant("M")), {}, {.spec = Variant("L")});
  ASSERT_FALSE(id.spec);
  EXPECT_EQ(id.problem,
            "the tensors (dims 48,96,192,384, depths 3,3,9,3, head 256,256,256, final_layer 1152) "
            "are those of M, not of 'L', which was asked for: head channels 256,256,256, not "
            "512,512,512; use --variant M or leave it out");
  EXPECT_EQ(id.nearest.name, "L");
}

TEST(IdentifyTest, TheUserMaySayWhatTheTensorsCannot) {
  Spec asked = Variant("M");
  asked.joints = 36;
  asked.depth_bins = 32;
  asked.head[2].up = false;
  const Identification id = Identify(SizesOf(Variant("M")), {}, {.spec = asked});
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_EQ(*id.spec, asked);
  EXPECT_EQ(id.variant, "");  // M in name only.
}

TEST(IdentifyTest, TwiceTheJointsWithHalfTheBins) {
  const Identification id = Identify(SizesOf(Variant("M")), {}, {.joints = 36});
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_EQ(id.spec->joints, 36);
  EXPECT_EQ(id.spec->depth_bins, 32);
  EXPECT_FALSE(id.spec->head[2].up);
  EXPECT_EQ(id.spec->name, "custom");
  EXPECT_EQ(id.variant, "");
}

TEST(IdentifyTest, ThePublishedReadingTellsTheOtherOne) {
  EXPECT_THAT(
      Identify(SizesOf(Variant("L")), {}).notes,
      Contains(HasSubstr("18 joints x 64 depth bins; if it is 36 joints, give --joints 36")));
}

TEST(IdentifyTest, OtherJointSetsAreRecognised) {
  for (const int joints : {16, 17, 19, 21}) {
    for (const int bins : {32, 64}) {
      const Identification id = Identify(WithChannels("S", joints * bins), {});
      ASSERT_TRUE(id.spec) << id.problem;
      EXPECT_EQ(id.spec->joints, joints);
      EXPECT_EQ(id.spec->depth_bins, bins);
      EXPECT_EQ(id.spec->heatmap_width(), bins);
      EXPECT_THAT(id.notes, ::testing::SizeIs(2));
    }
  }
}

TEST(IdentifyTest, UnknownJointsAreAskedFor) {
  EXPECT_THAT(Identify(WithChannels("S", 1000), {}).problem, HasSubstr("give --joints"));
  EXPECT_THAT(Identify(WithChannels("S", 1000), {}, {.joints = 18}).problem,
              HasSubstr("1000 channels, which do not split into 18 joints"));
  EXPECT_THAT(Identify(WithChannels("S", 1000), {}, {.joints = 0}).problem, HasSubstr("0 joints"));
}

TEST(IdentifyTest, DepthBinsThatTellNoUpsamplingAskForIt) {
  const Sizes sizes = WithChannels("S", 18 * 48);
  EXPECT_THAT(Identify(sizes, {}, {.joints = 18}).problem, HasSubstr("give --up"));
  const Identification id = Identify(sizes, {}, {.up = 2, .joints = 18});
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_EQ(id.spec->depth_bins, 48);
  EXPECT_TRUE(id.spec->head[1].up);
  EXPECT_FALSE(id.spec->head[2].up);
}

TEST(IdentifyTest, AHeadOfTwoLayers) {
  Sizes sizes = SizesOf(Variant("S"));
  sizes.head.pop_back();
  const Identification id = Identify(sizes, {});
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_TRUE(id.spec->head[0].up && id.spec->head[1].up);
  sizes.heatmap_channels = 18 * 64;  // Two layers cannot reach 64 cells.
  EXPECT_THAT(Identify(sizes, {}).problem, HasSubstr("2 head layers"));
}

TEST(IdentifyTest, UpsamplingSaidOtherwiseMakesItCustom) {
  const Identification id = Identify(SizesOf(Variant("L")), {}, {.up = 2});
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_EQ(id.spec->heatmap_width(), 32);
  EXPECT_EQ(id.spec->depth_bins, 64);
  EXPECT_EQ(id.variant, "");
  EXPECT_THAT(Identify(SizesOf(Variant("L")), {}, {.up = 4}).problem, HasSubstr("--up 4"));
  EXPECT_THAT(Identify(SizesOf(Variant("L")), {}, {.up = -1}).problem, HasSubstr("--up -1"));
}

TEST(IdentifyTest, MissingLayersThatTellVariantsApart) {
  Sizes backbone = SizesOf(Variant("M"));
  backbone.head.clear();
  backbone.heatmap_channels = 0;
  EXPECT_THAT(Identify(backbone, {}).problem, HasSubstr("a backbone without a head"));
  Sizes no_last = SizesOf(Variant("M"));
  no_last.heatmap_channels = 0;
  EXPECT_THAT(Identify(no_last, {}).problem, HasSubstr("could be S or M"));
  EXPECT_TRUE(
      Identify(no_last, {}, {.spec = Variant("M")}).spec);  // Compare tells what is missing.
  EXPECT_THAT(Identify({}, {}).problem, HasSubstr("no tensor of a ConvNeXtPose"));
}

TEST(IdentifyTest, TheNearestIsTheOneWithFewestDifferences) {
  EXPECT_EQ(Identify(WithChannels("S", 17 * 32), {.file_name = "a"}, {.joints = 5}).nearest.name,
            "S");
  EXPECT_EQ(Identify(WithChannels("M", 17 * 64), {.file_name = "a"}, {.joints = 5}).nearest.name,
            "M");
}

TEST(IdentifyTest, SizesBeyondAnyNetworkAreRefused) {
  Sizes sizes = SizesOf(Variant("S"));
  sizes.dims[3] = 1 << 30;
  EXPECT_THAT(Identify(sizes, {}).problem, HasSubstr("width of stage 3"));
}

TEST(IdentifyTest, MetadataIsTrustedWhereTheTensorsBearItOut) {
  Spec spec = TinySpec();
  spec.head[1].up = false;
  spec.head[2].up = true;  // Nothing could guess this.
  const Clues clues = {.config = model::ToConfig(spec)};
  const Identification id = Identify(SizesOf(spec), clues);
  ASSERT_TRUE(id.spec) << id.problem;
  EXPECT_EQ(*id.spec, spec);

  const Identification other = Identify(SizesOf(Variant("XS")), clues);
  ASSERT_TRUE(other.spec) << other.problem;
  EXPECT_EQ(other.variant, "XS");
  EXPECT_THAT(other.notes, Contains(HasSubstr("dims 40,80,160,320, not 4,4,6,8")));
  EXPECT_THAT(Identify(SizesOf(Variant("XS")), {.config = "{"}).notes,
              Contains(HasSubstr("metadata is passed over")));
}

}  // namespace
}  // namespace cnp::convert
