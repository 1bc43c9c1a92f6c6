// Every reader against tools/golden/make_datasets.py, which follows the published rules in numpy.
#include <gmock/gmock.h>

#include "convnextpose/datasets/open.h"
#include "convnextpose/datasets/test_folder.h"

namespace cnp::datasets {
namespace {

namespace fs = std::filesystem;
using test::Json;

const fs::path kData = CNP_TESTDATA "/datasets";

template <std::size_t N>
void ExpectPoints(const std::vector<std::array<double, N>>& points, const Json& expected,
                  double tolerance) {
  ASSERT_EQ(points.size(), expected.size());
  for (std::size_t j = 0; j < points.size(); ++j) {
    for (std::size_t axis = 0; axis < N; ++axis) {
      EXPECT_NEAR(points[j][axis], expected[j][axis].get<double>(), tolerance) << "joint " << j;
    }
  }
}

void ExpectSample(const Sample& sample, const Json& expected) {
  SCOPED_TRACE(expected["file"]);
  EXPECT_EQ(sample.file, expected["file"]);
  EXPECT_EQ(sample.image_id, expected["image_id"]);
  EXPECT_EQ(sample.annotation_id, expected["annotation_id"]);
  const Json& box = expected["box"];
  EXPECT_EQ(sample.box, (pose::Box{box[0], box[1], box[2], box[3]}));
  EXPECT_EQ(Json(sample.camera.focal_px), expected["f"]);
  EXPECT_EQ(Json(sample.camera.center_px), expected["c"]);
  EXPECT_EQ(sample.camera.assumed, expected["assumed"]);
  EXPECT_EQ(Json(sample.visible), expected["visible"]);
  ExpectPoints(sample.image_px, expected["image_px"], 1e-6);
  ExpectPoints(sample.camera_mm, expected["camera_mm"], 1e-6);
  if (expected["root_depth_mm"].is_null()) {
    EXPECT_TRUE(std::isnan(sample.root_depth_mm));
  } else {
    EXPECT_NEAR(sample.root_depth_mm, expected["root_depth_mm"].get<double>(), 1e-6);
  }
  const Origin& o = sample.origin;
  const Json origin = {o.subject, o.action, o.subaction, o.camera, o.frame};
  EXPECT_EQ(origin, expected.value("origin", Json({-1, -1, -1, -1, -1})));
  EXPECT_FALSE(sample.network_box.has_value());
}

struct Case {
  const char* expected;  // Key of expected.json.
  const char* name;
  ReadOptions options;
  const char* joints;
};

class ReadersTest : public ::testing::TestWithParam<Case> {};

TEST_P(ReadersTest, FindsWhatThePublishedRulesFind) {
  const Case& c = GetParam();
  const Json expected = test::ReadJson(kData / "expected.json")[c.expected];
  const auto dataset = OpenDataset(c.name, kData / c.name, c.options);
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->name, c.name);
  EXPECT_EQ(dataset->joints->name, c.joints);
  EXPECT_EQ(dataset->left_out.count, 0U);
  EXPECT_EQ(dataset->by_rule, expected["by_rule"]);
  ASSERT_EQ(dataset->samples.size(), expected["samples"].size());
  for (std::size_t i = 0; i < dataset->samples.size(); ++i) {
    ExpectSample(dataset->samples[i], expected["samples"][i]);
  }
}

TEST_P(ReadersTest, TakesTheFirstSamplesUpToALimit) {
  const Case& c = GetParam();
  ReadOptions limited = c.options;
  limited.limit = 3;
  const auto all = OpenDataset(c.name, kData / c.name, c.options);
  const auto some = OpenDataset(c.name, kData / c.name, limited);
  ASSERT_TRUE(all.ok() && some.ok());
  ASSERT_EQ(some->samples.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(some->samples[i].annotation_id, all->samples[i].annotation_id);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ReadersTest,
    ::testing::Values(Case{"human36m", "human36m", {}, "human36m"},
                      Case{"human36m every 5th", "human36m", {.subsample = 5}, "human36m"},
                      Case{"mpii", "mpii", {}, "mpii"}, Case{"coco", "coco", {}, "coco"},
                      Case{"muco", "muco", {.split = Split::kTrain}, "muco"},
                      Case{"mupots", "mupots", {}, "mupots"},
                      Case{"coco-json", "coco-json", {}, "coco"}),
    [](const auto& parameter) {
      std::string name = parameter.param.expected;
      std::erase_if(name, [](char c) { return c == ' ' || c == '-'; });
      return name;
    });

TEST(OpenTest, AnUnknownNameIsToldWithTheKnownOnes) {
  const auto dataset = OpenDataset("human3.6m", kData);
  ASSERT_FALSE(dataset.ok());
  EXPECT_THAT(dataset.error().message, ::testing::HasSubstr("human36m, mpii, coco, muco, mupots"));
}

TEST(OpenTest, ReadsRealSetsWhereTheyAre) {
  const fs::path shared = CNP_SHARED "/real-val";
  if (!fs::exists(shared)) GTEST_SKIP() << "no " << shared;
  const auto sports = OpenDataset("mpii", shared / "lspet");
  ASSERT_TRUE(sports.ok()) << sports.error().message;
  EXPECT_EQ(sports->samples.size(), 482U);
  EXPECT_TRUE(fs::exists(sports->images / sports->samples.back().file));
  const auto calibrated = OpenDataset("human36m", shared / "calibrated", {.protocol = 1});
  ASSERT_TRUE(calibrated.ok()) << calibrated.error().message;
  EXPECT_EQ(calibrated->samples.size(), 50U);
  EXPECT_TRUE(fs::exists(calibrated->images / calibrated->samples.back().file));
}

}  // namespace
}  // namespace cnp::datasets
