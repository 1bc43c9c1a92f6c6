#include "convnextpose/eval/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "convnextpose/model/spec.h"

namespace cnp::eval {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsNan;

// A network of the paper, evaluated as the authors did.
Evaluation Of(const std::string& variant, int protocol, double mm) {
  Evaluation evaluation;
  evaluation.dataset = "human36m";
  evaluation.split = "test";
  evaluation.protocol = protocol;
  evaluation.joints = &pose::Human36m();
  evaluation.model.name = evaluation.model.variant = variant;
  evaluation.settings.flip_test = true;
  evaluation.settings.boxes = evaluation.settings.roots = "labelled";
  evaluation.settings.assumed_camera = false;
  evaluation.settings.subsample = 64;
  evaluation.summary.metrics.mpjpe_mm = mm;
  evaluation.summary.metrics.pa_mpjpe_rigid_mm = mm;
  return evaluation;
}

// People of `sequences` motions, `each` pictures of each.
void AddPeople(Evaluation& evaluation, int sequences, int each,
               const std::function<double(int sequence, int picture)>& error_mm) {
  for (int s = 0; s < sequences; ++s) {
    for (int i = 0; i < each; ++i) {
      Record record;
      record.image_id = s * 1000 + i;
      record.file = "s" + std::to_string(s) + "/" + std::to_string(i) + ".jpg";
      record.subject = 9 + s % 2;
      record.action = 2 + s % 3;
      record.subaction = s;
      record.camera = 1;
      record.errors.mpjpe_mm = error_mm(s, i);
      record.errors.joint_mm.assign(17, record.errors.mpjpe_mm);
      evaluation.records.push_back(record);
    }
  }
  evaluation.summary = Summarise(evaluation.records, *evaluation.joints, {.resamples = 0});
}

// ---- What is expected.

TEST(ExpectedTest, IsThePapersTable) {
  EXPECT_EQ(ExpectedTable().size(), 6U);
  for (const model::Variant& variant : model::Variants()) {
    const auto expects = [&](int protocol) -> std::optional<double> {
      const auto row = FindExpected(Of(variant.spec.name, protocol, 0));
      return row ? std::optional(row->mm) : std::nullopt;
    };
    EXPECT_EQ(expects(1), variant.protocol1_mm) << variant.spec.name;
    EXPECT_EQ(expects(2), variant.protocol2_mm) << variant.spec.name;
  }
}

TEST(ExpectedTest, OfNothingElse) {
  EXPECT_EQ(FindExpected(Of("xs", 2, 0))->mm, 56.61) << "upper or lower case";
  EXPECT_FALSE(FindExpected(Of("XL", 2, 0)));
  EXPECT_FALSE(FindExpected(Of("", 2, 0)));
  EXPECT_FALSE(FindExpected(Of("XS", 1, 0))) << "the paper has no such number";
  Evaluation other = Of("XS", 2, 0);
  other.dataset = "mupots";
  EXPECT_FALSE(FindExpected(other));
}

TEST(DeviationsTest, AreTold) {
  Evaluation evaluation = Of("L", 2, 50);
  EXPECT_THAT(Deviations(evaluation), IsEmpty());
  evaluation.settings.flip_test = false;
  evaluation.settings.subsample = 5;
  evaluation.settings.boxes = evaluation.settings.roots = "boxes.json";
  evaluation.left_out.count = 3;
  EXPECT_THAT(Deviations(evaluation), ElementsAre("flip test off", "every 5th frame",
                                                  "boxes: boxes.json", "3 people left out"));
  evaluation = Of("L", 2, 50);
  evaluation.settings = {.assumed_camera = true};
  EXPECT_THAT(Deviations(evaluation),
              ElementsAre("flip test not known", "intrinsics assumed", "boxes not known"));
}

TEST(CompareTest, JudgesByTheTolerance) {
  const std::vector<Evaluation> evaluations = {Of("XS", 2, 57.6), Of("S", 2, 52.9), Of("M", 2, 40),
                                               Of("custom", 2, 40), Of("L", 2, kUnknown)};
  const Comparison comparison = Compare(evaluations);
  const auto& models = comparison.models;
  EXPECT_EQ(models[0].verdict, Verdict::kAsPublished);
  EXPECT_NEAR(models[0].difference_mm, 0.99, 1e-9);
  EXPECT_EQ(models[1].verdict, Verdict::kWorse);
  EXPECT_EQ(models[2].verdict, Verdict::kBetter);
  EXPECT_EQ(models[3].verdict, Verdict::kNothingExpected);
  EXPECT_FALSE(models[3].expected);
  EXPECT_EQ(models[4].verdict, Verdict::kNothingExpected) << "nothing was measured";
  EXPECT_EQ(Compare(evaluations, {.tolerance_mm = 0.5}).models[0].verdict, Verdict::kWorse);
  EXPECT_EQ(Compare(evaluations, {.tolerance_mm = 2}).models[1].verdict, Verdict::kAsPublished);
}

TEST(CompareTest, Protocol1IsJudgedAfterTheRigidAlignment) {
  Evaluation evaluation = Of("L", 1, 32.9);
  evaluation.summary.metrics.mpjpe_mm = 60;
  const Comparison comparison = Compare({&evaluation, 1});
  EXPECT_EQ(comparison.metric.name, "pa_mpjpe_rigid_mm");
  EXPECT_EQ(comparison.models[0].value, 32.9);
  EXPECT_EQ(comparison.models[0].verdict, Verdict::kAsPublished);
}

TEST(CompareTest, WithoutDepthTheShareOfJointsIsCompared) {
  Evaluation evaluation = Of("L", 0, kUnknown);
  evaluation.dataset = "mpii";
  evaluation.summary.metrics.pck2d_10 = 0.7;
  const Comparison comparison = Compare({&evaluation, 1});
  EXPECT_EQ(comparison.metric.name, "pck2d_10");
  EXPECT_EQ(comparison.models[0].value, 0.7);
}

// ---- Is a difference real?

// Errors of two models with a common part by person, a part of their own, and a known difference.
std::vector<Evaluation> TwoModels(double difference_mm, double own_mm, int sequences, int each,
                                  double by_sequence_mm = 0, unsigned seed = 5) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, 1);
  std::vector<Evaluation> models = {Of("A", 2, 0), Of("B", 2, 0)};
  std::vector<double> common(static_cast<std::size_t>(sequences) * each);
  for (double& mm : common) mm = 60 + 25 * normal(random);
  std::vector<double> shift(static_cast<std::size_t>(sequences));
  for (double& mm : shift) mm = by_sequence_mm * normal(random);
  for (int m = 0; m < 2; ++m) {
    AddPeople(models[static_cast<std::size_t>(m)], sequences, each, [&](int s, int i) {
      const auto person = static_cast<std::size_t>(s) * each + i;
      return common[person] + own_mm * normal(random) +
             m * (difference_mm + shift[static_cast<std::size_t>(s)]);
    });
  }
  return models;
}

// The common part, 25 mm, would hide 2 mm among 200 people; paired, it does not count.
TEST(PairTest, ASmallButSteadyDifferenceIsReal) {
  const Comparison comparison = Compare(TwoModels(-2, 3, 20, 10));
  ASSERT_EQ(comparison.pairs.size(), 1U);
  const ComparedPair& pair = comparison.pairs[0];
  EXPECT_EQ(pair.persons, 200U);
  EXPECT_TRUE(pair.by_sequences);
  EXPECT_NEAR(pair.difference, -2, 0.9);
  EXPECT_LT(pair.interval.high, 0);
  EXPECT_GT(pair.interval.low, -4);
  EXPECT_LT(pair.p_value, 0.01);
  EXPECT_GT(pair.p_value, 0);
  EXPECT_NEAR(pair.difference, comparison.models[1].value - comparison.models[0].value, 1e-9);
}

// Where there is none, one is claimed in about 5 of 100 cases, as p < 0.05 promises.
TEST(PairTest, NoiseIsSeldomTakenForADifference) {
  constexpr int cases = 200;
  int claimed = 0;
  for (unsigned seed = 0; seed < cases; ++seed) {
    const auto models = TwoModels(0, 8, 30, 2, 4, seed);
    claimed += Compare(models, {.resamples = 500}).pairs[0].p_value < 0.05 ? 1 : 0;
  }
  EXPECT_LT(claimed, cases / 10);
  EXPECT_GT(claimed, cases / 100);
}

// Better on half of the motions, worse on the others: many pictures of each prove nothing.
TEST(PairTest, SequencesCountNotPictures) {
  const Comparison many = Compare(TwoModels(0, 1, 8, 100, 10));
  const ComparedPair& pair = many.pairs[0];
  EXPECT_TRUE(pair.by_sequences);
  EXPECT_GT(pair.interval.high - pair.interval.low, 5);
  const Comparison few = Compare(TwoModels(0, 1, 3, 100, 10));
  EXPECT_FALSE(few.pairs[0].by_sequences);
}

TEST(PairTest, OnlyPeopleThatBothHaveCount) {
  std::vector<Evaluation> models = TwoModels(-5, 1, 20, 10);
  models[1].records.erase(models[1].records.begin(), models[1].records.begin() + 50);
  models[0].records[60].errors.mpjpe_mm = kUnknown;
  models[0].records.push_back(models[0].records[70]);  // One id twice: whose is the other's?
  const Comparison comparison = Compare(models);
  EXPECT_EQ(comparison.pairs[0].persons, 148U);
  EXPECT_NEAR(comparison.pairs[0].difference, -5, 0.5);
}

TEST(PairTest, NobodyInCommon) {
  std::vector<Evaluation> models = {Of("XS", 2, 57), Of("S", 2, 52)};
  Comparison comparison = Compare(models);
  ASSERT_EQ(comparison.pairs.size(), 1U);
  EXPECT_EQ(comparison.pairs[0].persons, 0U);
  EXPECT_THAT(comparison.pairs[0].p_value, IsNan());
  models[1].dataset = "mupots";
  comparison = Compare(models);
  EXPECT_THAT(comparison.pairs, IsEmpty());
  EXPECT_THAT(comparison.warnings, Contains(HasSubstr("different datasets")));
  EXPECT_THAT(comparison.worst, IsEmpty());
}

TEST(PairTest, IsTheSameEveryTime) {
  const std::vector<Evaluation> models = TwoModels(-2, 3, 20, 10);
  EXPECT_EQ(Compare(models).pairs[0].p_value, Compare(models).pairs[0].p_value);
  EXPECT_EQ(Compare(models).pairs[0].interval.low, Compare(models).pairs[0].interval.low);
}

// ---- Tables.

TEST(CompareTest, RowsOfAllModelsStandSideBySide) {
  std::vector<Evaluation> models = {Of("A", 2, 0), Of("B", 2, 0)};
  AddPeople(models[0], 2, 1, [](int s, int) { return 10.0 + s; });
  AddPeople(models[1], 3, 1, [](int s, int) { return 20.0 + s; });
  const Comparison comparison = Compare(models);
  ASSERT_EQ(comparison.actions.size(), 3U);
  EXPECT_EQ(comparison.actions[1].name, "3");
  EXPECT_THAT(comparison.actions[1].values, ElementsAre(11, 21));
  EXPECT_THAT(comparison.actions[2].values, ElementsAre(IsNan(), 22));
  EXPECT_EQ(comparison.subjects.size(), 2U);
  EXPECT_EQ(comparison.cameras.size(), 1U);
  EXPECT_EQ(comparison.joints.size(), 17U) << "Thorax is not scored";
  EXPECT_THAT(comparison.joints[0].values, ElementsAre(10.5, 21));
}

TEST(CompareTest, TheWorstPeopleComeFirst) {
  std::vector<Evaluation> models = {Of("A", 2, 0), Of("B", 2, 0)};
  AddPeople(models[0], 4, 1, [](int s, int) { return s == 1 ? 300 : 10.0; });
  AddPeople(models[1], 4, 1, [](int s, int) { return s == 2 ? 200 : 20.0; });
  const Comparison comparison = Compare(models, {.worst = 3});
  ASSERT_EQ(comparison.worst.size(), 3U);
  EXPECT_EQ(comparison.worst[0].file, "s1/0.jpg");
  EXPECT_EQ(comparison.worst[0].worst, 300);
  EXPECT_THAT(comparison.worst[0].values, ElementsAre(300, 20));
  EXPECT_EQ(comparison.worst[1].image_id, 2000);
  EXPECT_EQ(comparison.worst[2].worst, 20);
  const Comparison one = Compare(models, {.worst = 1});
  ASSERT_EQ(one.best.size(), 1U);
  EXPECT_EQ(one.best[0].worst, 20);
  ASSERT_EQ(one.median.size(), 1U);
  EXPECT_EQ(one.median[0].worst, 20) << "of 20, 20, 200, 300 the second";
  EXPECT_EQ(one.worst[0].worst, 300);
  EXPECT_EQ(Compare(models, {.worst = 99}).median.size(), 4U);
}

TEST(CompareTest, WarnsOfWhatCannotStandSideBySide) {
  std::vector<Evaluation> models = {Of("A", 2, 1), Of("B", 2, 2)};
  EXPECT_THAT(Compare(models).warnings, IsEmpty());
  models[1].settings.flip_test = false;
  models[1].settings.boxes = "mine.json";
  models[1].protocol = 1;
  models[1].summary.samples = 7;
  const auto warnings = Compare(models).warnings;
  EXPECT_THAT(warnings, Contains(HasSubstr("flip test")));
  EXPECT_THAT(warnings, Contains(HasSubstr("boxes")));
  EXPECT_THAT(warnings, Contains(HasSubstr("protocols")));
  EXPECT_THAT(warnings, Contains(HasSubstr("numbers of people")));
}

}  // namespace
}  // namespace cnp::eval
