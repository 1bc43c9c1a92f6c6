#include "convnextpose/eval/sketch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "convnextpose/eval/result.h"
#include "convnextpose/eval/score.h"

namespace cnp::eval {
namespace {

// Someone 4 m away who leans over, seen by a camera that sees well.
datasets::Sample Someone() {
  datasets::Sample sample{.width = 1000, .height = 1000};
  sample.camera = {.focal_px = {1100, 1150}, .center_px = {510, 490}};
  for (int j = 0; j < 18; ++j) {
    sample.camera_mm.push_back({-300.0 + 40 * j, 500.0 - 61 * j, 4000.0 + 23 * (j % 5)});
    sample.image_px.push_back(Project(sample.camera, sample.camera_mm.back()));
  }
  sample.visible.assign(18, 1);
  return sample;
}

Record Scored(const datasets::Sample& sample) {
  return ScoreSample(
      sample, pose::Human36m(),
      {.camera_mm = sample.camera_mm, .image_px = {}, .network_box = {200, 150, 640, 640}});
}

Record WrittenAndRead(const Record& record) {
  Evaluation evaluation;
  evaluation.joints = &pose::Human36m();
  evaluation.records = {record};
  const auto read = FromJson(ToJson(evaluation));
  EXPECT_TRUE(read.ok()) << read.error().message;
  return read.ok() ? read->records[0] : Record{};
}

TEST(SketchTest, IsThePoseToAFewMillimetresAlsoOutOfAFile) {
  using pose::operator-;
  const datasets::Sample sample = Someone();
  const Record record = WrittenAndRead(Scored(sample));
  const auto image_px = SketchPixels(record);
  const auto relative_mm = SketchInSpace(record, sample, pose::Human36m());
  ASSERT_EQ(image_px.size(), 18U);
  ASSERT_EQ(relative_mm.size(), 18U);
  for (std::size_t j = 0; j < 18; ++j) {
    EXPECT_NEAR(image_px[j][0], sample.image_px[j][0], 0.5);
    EXPECT_NEAR(image_px[j][1], sample.image_px[j][1], 0.5);
    const auto truth = sample.camera_mm[j] - sample.camera_mm[0];
    EXPECT_LT(pose::Norm(relative_mm[j] - truth), 4) << j;
  }
}

TEST(SketchTest, JointsOfNoPlaceStayUnknown) {
  datasets::Sample sample = Someone();
  sample.camera_mm[5] = {kUnknown, 0, 0};
  sample.camera_mm[6] = {0, 0, 1e18};
  const Record record = WrittenAndRead(Scored(sample));
  for (const std::size_t j : {5U, 6U}) {
    EXPECT_EQ(record.sketch[j], kNoPlace);
    EXPECT_TRUE(std::isnan(SketchPixels(record)[j][0]));
    EXPECT_FALSE(pose::IsFinite(SketchInSpace(record, sample, pose::Human36m())[j]));
  }
  EXPECT_NE(record.sketch[7], kNoPlace);
}

// Where the root is not known, the bones tell how far it is; where nothing tells, nothing is said.
TEST(SketchTest, InSpaceWithoutARoot) {
  using pose::operator-;
  const datasets::Sample sample = Someone();
  Record record = Scored(sample);
  record.root_mm = {};
  record = WrittenAndRead(record);
  EXPECT_EQ(record.root_mm, (pose::Vec3{}));
  const auto relative_mm = SketchInSpace(record, sample, pose::Human36m());
  ASSERT_EQ(relative_mm.size(), 18U);
  double legs_mm = 0;  // In any order of the joints these bones are 91 mm long here.
  for (const pose::Bone& bone : pose::Human36m().bones) {
    legs_mm += pose::Norm(relative_mm[bone.child] - relative_mm[bone.parent]);
  }
  EXPECT_GT(legs_mm, 1000);
  record.sketch.assign(18, {500, 500, 0});
  EXPECT_TRUE(SketchInSpace(record, sample, pose::Human36m()).empty());
  EXPECT_TRUE(SketchInSpace({}, sample, pose::Human36m()).empty());
}

TEST(SketchTest, WithoutAUsableBoxNoneIsWritten) {
  Record record = Scored(Someone());
  record.network_box = {1e9, 0, 5, 5};
  const Record read = WrittenAndRead(record);
  EXPECT_TRUE(read.sketch.empty());
  EXPECT_EQ(read.network_box, pose::Box{});
}

TEST(SketchTest, DamagedOnesAreErrorsWithTheirPlace) {
  Evaluation evaluation;
  evaluation.joints = &pose::Human36m();
  evaluation.records = {Scored(Someone())};
  const std::string good = ToJson(evaluation);
  const auto error_of = [&](const std::string& field, const std::string& value) {
    std::string text = good;
    const std::size_t begin = text.find("\"" + field + "\":[") + field.size() + 3;
    text.replace(begin, text.find(']', begin) + 1 - begin, value);
    const auto read = FromJson(text);
    return read.ok() ? "" : read.error().message;
  };
  EXPECT_EQ(error_of("pose", "[]"), "");
  EXPECT_EQ(error_of("pose", "null"), "");
  EXPECT_EQ(error_of("root_mm", "null"), "");
  for (const char* bad : {"7", "[1,2,3]", "{\"a\":1}", "[[1,2,3]]"}) {
    EXPECT_EQ(error_of("pose", bad).find("records[0].pose"), 0U) << bad;
  }
  for (const char* bad : {"[1,2,3]", "[1,2,0,4]", "[1,2,1e99,4]", "[1,2,null,4]", "\"box\""}) {
    EXPECT_EQ(error_of("box", bad).find("records[0].box"), 0U) << bad;
  }
  EXPECT_EQ(error_of("root_mm", "[1,2]").find("records[0].root_mm"), 0U);
  EXPECT_EQ(error_of("box", "null").find("records[0].pose"), 0U);
}

}  // namespace
}  // namespace cnp::eval
