#include "convnextpose/eval/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "convnextpose/base/check.h"
#include "convnextpose/eval/test_people.h"

namespace cnp::eval {
namespace {

using ::testing::IsNan;

constexpr double kClose = 1e-6;

void ExpectMetrics(const Metrics& metrics, const nlohmann::json& expected) {
  ASSERT_EQ(expected.size(), kMetrics.size());
  for (const MetricInfo& metric : kMetrics) {
    EXPECT_NEAR(metrics.*metric.value, expected[std::string(metric.name)], kClose) << metric.name;
  }
}

void ExpectGroups(const std::vector<Group>& groups, const nlohmann::json& expected) {
  ASSERT_EQ(groups.size(), expected.size());
  std::size_t samples = 0;
  for (const Group& group : groups) {
    SCOPED_TRACE(group.name);
    ExpectMetrics(group.metrics, expected[std::to_string(group.id)]);
    samples += group.samples;
  }
  EXPECT_EQ(samples, 12U);
}

class GoldenSummaryTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenSummaryTest, IsNumpys) {
  const pose::JointSet& set = **pose::FindJointSet(GetParam());
  const auto& expected = Golden()["tables"][GetParam()];
  const Summary summary = Summarise(GoldenRecords(GetParam()), set);
  ExpectMetrics(summary.metrics, expected["all"]);
  ExpectGroups(summary.per_subject, expected["subject"]);
  ExpectGroups(summary.per_action, expected["action"]);
  ExpectGroups(summary.per_camera, expected["camera"]);
  ASSERT_EQ(summary.per_joint.size(), set.joints.size());
  for (std::size_t j = 0; j < 17; ++j) {
    EXPECT_EQ(summary.per_joint[j].name, set.joints[j]);
    EXPECT_NEAR(summary.per_joint[j].mean_mm, expected["joint_mm"][j], kClose);
  }
  EXPECT_EQ(summary.samples, 12U);
  EXPECT_EQ(summary.samples_3d, 12U);
  EXPECT_EQ(summary.samples_2d, 12U);
}
INSTANTIATE_TEST_SUITE_P(Sets, GoldenSummaryTest, ::testing::Values("human36m", "mupots"));

Record Of(double mpjpe_mm, int subaction = -1) {
  Record record;
  record.subject = 9;
  record.action = 2;
  record.subaction = subaction;
  record.errors.mpjpe_mm = mpjpe_mm;
  record.errors.joint_mm = std::vector<double>(17, mpjpe_mm);
  return record;
}

TEST(SummariseTest, ThresholdsAreAsMpiInf3dhpHasThem) {
  const auto of = [](double mm) {
    return Summarise(std::vector{Of(mm)}, pose::Human36m()).metrics;
  };
  EXPECT_EQ(of(149.9).pck3d_150, 1);
  EXPECT_EQ(of(150).pck3d_150, 0);
  EXPECT_DOUBLE_EQ(of(0).auc, 30.0 / 31);
  EXPECT_DOUBLE_EQ(of(72).auc, 16.0 / 31) << "75, 80, ..., 150";
  EXPECT_EQ(of(150).auc, 0);
}

TEST(SummariseTest, NobodyAndNothing) {
  const Summary none = Summarise({}, pose::Human36m());
  EXPECT_EQ(none.samples, 0U);
  for (const MetricInfo& metric : kMetrics) EXPECT_THAT(none.metrics.*metric.value, IsNan());
  EXPECT_TRUE(none.per_action.empty());
  EXPECT_EQ(none.per_joint.size(), 18U);
  EXPECT_THAT(none.intervals[0].low, IsNan());

  const Summary plane = Summarise(std::vector<Record>(3), pose::Human36m());
  EXPECT_EQ(plane.samples, 3U);
  EXPECT_EQ(plane.samples_3d, 0U);
  EXPECT_TRUE(plane.per_subject.empty());
}

// One whose pose is not known must move no table, in the picture or in space.
TEST(SummariseTest, APersonWithoutAnErrorIsCountedButNotAveraged) {
  std::vector<Record> records = {Of(40), Of(60), Of(kUnknown)};
  records[2].errors.joint_mm[3] = 1;
  const Summary summary = Summarise(records, pose::Human36m());
  EXPECT_EQ(summary.samples, 3U);
  EXPECT_EQ(summary.samples_3d, 2U);
  EXPECT_DOUBLE_EQ(summary.metrics.mpjpe_mm, 50);
  EXPECT_DOUBLE_EQ(summary.per_joint[3].mean_mm, 50);
  EXPECT_THAT(summary.per_joint[17].mean_mm, IsNan()) << "Thorax is not scored";
}

TEST(SummariseTest, GroupsHaveTheirNames) {
  const std::vector<Record> records = {Of(1)};
  EXPECT_EQ(Summarise(records, pose::Human36m()).per_action[0].name, "2");
  const SummaryOptions options = {.actions = {"", "", "Directions"}};
  EXPECT_EQ(Summarise(records, pose::Human36m(), options).per_action[0].name, "Directions");
}

// MPII labels 13 of them and pelvis, thorax and neck; here one elbow is not labelled.
TEST(SummariseTest, LimbsAndHeadAreToldAlone) {
  const pose::JointSet& mpii = *pose::FindJointSet("mpii").value();
  Record record;
  for (const std::string_view joint : mpii.joints) {
    const bool trunk = joint == "Pelvis" || joint == "Thorax" || joint == "Neck";
    record.joint_share.push_back(trunk ? 0.01 : joint.ends_with("Ankle") ? 0.15 : 0.07);
  }
  record.joint_share[11] = kUnknown;
  const Summary summary = Summarise({&record, 1}, mpii);
  EXPECT_DOUBLE_EQ(summary.metrics.pck2d_10, 13.0 / 15);
  EXPECT_EQ(summary.limbs_and_head.name, "limbs and head (13)");
  EXPECT_DOUBLE_EQ(summary.limbs_and_head.pck2d_5, 0);
  EXPECT_DOUBLE_EQ(summary.limbs_and_head.pck2d_10, 10.0 / 12);
  EXPECT_DOUBLE_EQ(summary.limbs_and_head.pck2d_20, 1);
  EXPECT_THAT(summary.limbs_and_head.mean_mm, IsNan());

  Record in_space = Of(40);
  for (const int joint : {0, 7, 8, 9}) in_space.errors.joint_mm[joint] = 1000;  // The trunk's.
  const Summary space = Summarise({&in_space, 1}, pose::Human36m());
  EXPECT_DOUBLE_EQ(space.limbs_and_head.mean_mm, 40);
  EXPECT_DOUBLE_EQ(space.limbs_and_head.pck3d_150, 1);
  EXPECT_EQ(Summarise({}, *pose::FindJointSet("coco").value()).limbs_and_head.name, "")
      << "it has no head";
}

TEST(SummariseTest, ChecksItsRecords) {
  std::vector<Record> records = {Of(1)};
  records[0].errors.joint_mm.pop_back();
  EXPECT_THROW((void)Summarise(records, pose::Human36m()), CheckFailure);
}

// ---- Intervals.

TEST(BootstrapTest, OfManyIsThatOfTheNormalDistribution) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal(50, 20);
  std::vector<Part> parts;
  for (int i = 0; i < 400; ++i) parts.push_back({normal(random), 1});
  const double mean = Mean(parts);
  const Interval interval = Middle95(BootstrapMeans(parts, 4000, 1));
  // The standard error is 20 / sqrt(400) = 1 mm.
  EXPECT_NEAR(interval.low, mean - 1.96, 0.2);
  EXPECT_NEAR(interval.high, mean + 1.96, 0.2);
}

TEST(BootstrapTest, IsTheSameForTheSameSeed) {
  const std::vector<Part> parts = {{1, 1}, {5, 2}, {0, 0}, {9, 1}};
  EXPECT_EQ(BootstrapMeans(parts, 100, 8), BootstrapMeans(parts, 100, 8));
  EXPECT_NE(BootstrapMeans(parts, 100, 8), BootstrapMeans(parts, 100, 9));
  EXPECT_DOUBLE_EQ(Mean(parts), 15.0 / 4);
}

TEST(BootstrapTest, WithoutPartsOrWeight) {
  EXPECT_TRUE(BootstrapMeans({}, 100, 1).empty());
  EXPECT_TRUE(BootstrapMeans(std::vector<Part>(3), 100, 1).empty());
  EXPECT_THAT(Middle95({}).low, IsNan());
}

// Ten pictures of each of 20 sequences that differ, all pictures of one alike: only the sequences
// are independent.
TEST(SummariseTest, SequencesMakeIntervalsWider) {
  std::vector<Record> records;
  for (int sequence = 0; sequence < 20; ++sequence) {
    for (int i = 0; i < 10; ++i) records.push_back(Of(40 + sequence, sequence));
  }
  const Summary summary = Summarise(records, pose::Human36m());
  const auto width = [](const Interval& interval) { return interval.high - interval.low; };
  EXPECT_EQ(summary.sequences, 20U);
  EXPECT_NEAR(width(summary.sequence_intervals[0]) / width(summary.intervals[0]), std::sqrt(10),
              0.6);
  EXPECT_LT(summary.intervals[0].low, summary.metrics.mpjpe_mm);
  EXPECT_GT(summary.intervals[0].high, summary.metrics.mpjpe_mm);
}

TEST(SummariseTest, AFewSequencesGiveNoInterval) {
  const std::vector<Record> records = {Of(1, 0), Of(2, 1), Of(3, 2), Of(3, 3)};
  const Summary summary = Summarise(records, pose::Human36m());
  EXPECT_EQ(summary.sequences, 4U);
  EXPECT_THAT(summary.sequence_intervals[0].low, IsNan());
  EXPECT_FALSE(std::isnan(summary.intervals[0].low));
}

TEST(SequenceOfTest, IsTheMotionOrTheFolder) {
  Record record = Of(1, 1);
  record.camera = 3;
  EXPECT_EQ(SequenceOf(record), "9/2/1") << "all cameras see the same motion";
  record.subject = -1;
  record.file = "TS1/img_0001.jpg";
  EXPECT_EQ(SequenceOf(record), "TS1");
  record.file = "alone.jpg";
  EXPECT_EQ(SequenceOf(record), "");
}

}  // namespace
}  // namespace cnp::eval
