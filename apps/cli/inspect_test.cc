#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/cli/inspect_report.h"
#include "apps/cli/terminal.h"
#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/convert/test_checkpoint.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class InspectTest : public ::testing::Test {
 protected:
  InspectTest() : folder_(fs::temp_directory_path() / ("cnp_inspect_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~InspectTest() override { fs::remove_all(folder_); }

  InspectReport Report(const std::string& name, const convert::TestCheckpoint& file,
                       const convert::Options& options = {}) {
    const fs::path path = folder_ / name;
    EXPECT_TRUE(checkpoint::WriteTorchZip(path, file.tensors, {.epoch = 68}).ok());
    auto report = Inspect(path.string(), options);
    EXPECT_TRUE(report.ok());
    return std::move(report).value();
  }
  static model::Spec Xs() { return model::FindVariant("XS").value(); }

 private:
  fs::path folder_;
};

TEST_F(InspectTest, ATrueNameIsConfirmed) {
  const auto report = Report("ConvNeXtPose_XS.tar", convert::TestCheckpoint(Xs()));
  EXPECT_TRUE(report.loads());
  EXPECT_THAT(ToText(report, {}),
              AllOf(HasSubstr("epoch       68"), HasSubstr("3,528,008 trainable"),
                    HasSubstr("0.815 GMAC"), HasSubstr("✓ it is XS, as its name says, and loads")));
}

TEST_F(InspectTest, AWrongNameIsTold) {
  const auto report = Report("ConvNeXtPose_L.tar", convert::TestCheckpoint(Xs()));
  EXPECT_TRUE(report.loads());
  EXPECT_THAT(ToText(report, {}), HasSubstr("! it is XS and loads, but its name says L"));
  EXPECT_THAT(ToTable({report}), HasSubstr("! wrong name"));
}

TEST_F(InspectTest, WhatIsMissingIsListedByBlock) {
  convert::TestCheckpoint file(Xs());
  file.Erase("backbone.stages.2.3");
  file.Erase("backbone.stages.2.4");
  const auto report = Report("a.pth", file);
  EXPECT_FALSE(report.loads());
  EXPECT_THAT(ToText(report, {}), AllOf(HasSubstr("✗ does not load: it is not a whole XS"),
                                        HasSubstr("backbone.stages.2.3 .. 4: 2 blocks missing"),
                                        HasSubstr("get or save it again")));
}

TEST_F(InspectTest, ADifferenceToWhatWasAskedFor) {
  const auto report =
      Report("a.pth", convert::TestCheckpoint(Xs()), {.spec = model::FindVariant("S").value()});
  EXPECT_THAT(ToText(report, {}), AllOf(HasSubstr("use --variant XS"), HasSubstr("against S:"),
                                        HasSubstr("backbone.stages.2.6 .. 8: 3 blocks missing")));
}

TEST_F(InspectTest, GroupsShowKernelsChannelsAndRanges) {
  convert::TestCheckpoint file(convert::TinySpec());
  std::fill_n(file.Data("head.final_layer.weight"), 96, 0.0F);  // A quarter of its 384.
  file.Data("head.final_layer.weight")[100] = 7;
  const auto report = Report("a.pth", file, {.spec = convert::TinySpec()});
  const auto group = [&](const std::string& name) {
    const auto at = std::find_if(report.groups.begin(), report.groups.end(),
                                 [&](const GroupReport& g) { return g.name == name; });
    return at == report.groups.end() ? GroupReport{} : *at;
  };
  EXPECT_EQ(group("backbone.stages.2").blocks, 2);
  EXPECT_EQ(group("backbone.stages.2").kernel, 7);
  EXPECT_EQ(group("backbone.stages.2").out, 6);
  EXPECT_EQ(group("head.deconv_layers_2").kernel, 5);
  EXPECT_EQ(group("head.deconv_layers_2").in, 5);
  EXPECT_EQ(group("head.deconv_layers_2").out, 6);
  EXPECT_EQ(group("head.final_layer").parameters, 384 + 96);
  EXPECT_EQ(group("head.final_layer").weights.count, 384);
  EXPECT_EQ(group("head.final_layer").weights.non_zero, 288);
  EXPECT_EQ(group("head.final_layer").weights.max, 7);
}

TEST_F(InspectTest, JsonHoldsEveryTensorEvenWithNan) {
  convert::TestCheckpoint file(Xs());
  file.Data("head.final_layer.bias")[3] = std::nanf("");
  const auto report = Report("a.pth", file);
  EXPECT_THAT(report.obstacle, HasSubstr("NaN"));
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["identity"]["variant"], "XS");
  EXPECT_EQ(json["loads"], false);
  EXPECT_NEAR(json["macs"].get<double>(), 0.815e9, 0.5e6);
  ASSERT_EQ(json["tensors"].size(), file.tensors.size());
  const auto& bias = json["tensors"].back();
  EXPECT_EQ(bias["name"], "head.final_layer.bias");
  EXPECT_EQ(bias["not_finite"], 1);
  EXPECT_NEAR(bias["max"].get<double>(), 0.1, 0.02);
}

TEST_F(InspectTest, LayersAndTensorsOnRequest) {
  const auto report = Report("a.pth", convert::TestCheckpoint(Xs()));
  EXPECT_THAT(ToText(report, {.layers = true}), HasSubstr("backbone.stages.2.5.pwconv2  "));
  EXPECT_THAT(ToText(report, {.tensors = true}),
              HasSubstr("head.deconv_layers_3.norm.num_batches_tracked"));
  EXPECT_THAT(ToText(report, {}), Not(HasSubstr("pwconv2")));
}

TEST(ValueRangeTest, IgnoresWhatIsNotFinite) {
  ValueRange range;
  range.Add({.count = 1, .not_finite = 1});
  range.Add({.count = 1, .non_zero = 1, .min = 3, .max = 3});
  range.Add({.count = 2, .non_zero = 2, .not_finite = 1, .min = 5, .max = 5});
  EXPECT_EQ(range.min, 3);
  EXPECT_EQ(range.max, 5);
  EXPECT_EQ(range.count, 4);
  EXPECT_EQ(range.not_finite, 2);
}

TEST(TerminalTest, NumbersForPeople) {
  EXPECT_EQ(Thousands(0), "0");
  EXPECT_EQ(Thousands(999), "999");
  EXPECT_EQ(Thousands(1000), "1,000");
  EXPECT_EQ(Thousands(-3528008), "-3,528,008");
  EXPECT_EQ(Bytes(744), "744 bytes");
  EXPECT_EQ(Bytes(14200453), "14.2 MB");
  EXPECT_EQ(Bytes(999999), "1.0 MB");
  EXPECT_EQ(Width("✓ ok"), 4U);
}

TEST(TerminalTest, TablesLineUp) {
  Table table({"a", ">bb"});
  table.Add({"✓", "1"});
  table.Add({"long", "22"});
  EXPECT_EQ(table.Text(1), " a     bb\n ✓      1\n long  22\n");
}

}  // namespace
}  // namespace cnp::cli
