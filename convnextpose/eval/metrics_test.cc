#include "convnextpose/eval/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "convnextpose/base/check.h"
#include "convnextpose/eval/test_people.h"

namespace cnp::eval {
namespace {

using pose::Human36m;
using pose::Vec2;
using pose::Vec3;
using pose::operator-;  // NOLINT(misc-unused-using-decls): the check misses operators.
using ::testing::Each;
using ::testing::IsNan;

constexpr double kClose = 1e-6;

std::vector<Vec3> Person() {
  std::vector<Vec3> joints;
  for (const auto& joint : Golden()["people"][0]["truth_mm"]) joints.push_back(joint);
  return joints;
}

Errors3d Score(const std::vector<Vec3>& predicted, const std::vector<Vec3>& truth,
               std::span<const std::uint8_t> valid = {}) {
  return Score3d(Human36m(), predicted, truth, valid);
}

// ---- Known answers.

TEST(Score3dTest, TheTruthScoresZero) {
  const Errors3d errors = Score(Person(), Person());
  EXPECT_EQ(errors.mpjpe_mm, 0);
  EXPECT_EQ(errors.mrpe_mm, 0);
  EXPECT_NEAR(errors.pa_mpjpe_rigid_mm, 0, kClose);
  EXPECT_NEAR(errors.pa_mpjpe_mm, 0, kClose);
  EXPECT_NEAR(errors.n_mpjpe_mm, 0, kClose);
  EXPECT_EQ(errors.joint_mm, std::vector<double>(17, 0.0));
}

TEST(Score3dTest, ATranslationIsAnErrorOfTheRootAlone) {
  std::vector<Vec3> moved = Person();
  for (Vec3& p : moved) p = {p[0] + 30, p[1] - 40, p[2] + 120};
  const Errors3d errors = Score(moved, Person());
  EXPECT_NEAR(errors.mrpe_mm, 130, kClose);
  EXPECT_NEAR(errors.mpjpe_mm, 0, kClose);
  EXPECT_NEAR(errors.n_mpjpe_mm, 0, kClose);
  EXPECT_NEAR(errors.pa_mpjpe_rigid_mm, 0, kClose);
}

// Turns a quarter about the camera's axis through the root, and scales about the root.
std::vector<Vec3> TurnedAndScaled(std::vector<Vec3> joints, bool turn, double scale) {
  const Vec3 root = joints[0];
  for (Vec3& p : joints) {
    const Vec3 q = p - root;
    p = turn ? Vec3{-q[1], q[0], q[2]} : q;
    for (int k = 0; k < 3; ++k) p[k] = root[k] + scale * p[k];
  }
  return joints;
}

TEST(Score3dTest, ARotationIsTakenOutByBothAlignments) {
  const Errors3d errors = Score(TurnedAndScaled(Person(), true, 1), Person());
  EXPECT_NEAR(errors.pa_mpjpe_rigid_mm, 0, kClose);
  EXPECT_NEAR(errors.pa_mpjpe_mm, 0, kClose);
  EXPECT_GT(errors.mpjpe_mm, 100);
  EXPECT_GT(errors.n_mpjpe_mm, 100);
  EXPECT_EQ(errors.mrpe_mm, 0);
}

TEST(Score3dTest, AScaleIsTakenOutByAllButTheRigidAlignment) {
  const Errors3d errors = Score(TurnedAndScaled(Person(), false, 1.2), Person());
  EXPECT_NEAR(errors.pa_mpjpe_mm, 0, kClose);
  EXPECT_NEAR(errors.n_mpjpe_mm, 0, kClose);
  EXPECT_GT(errors.pa_mpjpe_rigid_mm, 50);
  EXPECT_GT(errors.mpjpe_mm, 50);
}

TEST(Score3dTest, AMirrorImageIsWrongHoweverItIsAligned) {
  const std::vector<Vec3> truth = Person();
  for (const Vec3& sign : {Vec3{-1, 1, 1}, Vec3{1, 1, -1}, Vec3{-1, -1, -1}}) {
    std::vector<Vec3> mirrored = truth;
    for (Vec3& p : mirrored) {
      for (int k = 0; k < 3; ++k) p[k] = truth[0][k] + sign[k] * (p[k] - truth[0][k]);
    }
    const Errors3d errors = Score(mirrored, truth);
    EXPECT_GT(errors.mpjpe_mm, 50);
    EXPECT_GT(errors.pa_mpjpe_rigid_mm, 50);
    EXPECT_GT(errors.pa_mpjpe_mm, 50);
    EXPECT_GT(errors.n_mpjpe_mm, 50);
  }
}

// The paper's protocol 1: Thorax moves the alignment, though its own error does not count.
TEST(Score3dTest, TheRigidAlignmentSeesThorax) {
  std::vector<Vec3> predicted = Person();
  predicted[17][0] += 1000;
  const Errors3d errors = Score(predicted, Person());
  EXPECT_GT(errors.pa_mpjpe_rigid_mm, 10);
  EXPECT_NEAR(errors.pa_mpjpe_mm, 0, kClose);
  EXPECT_EQ(errors.mpjpe_mm, 0);
  EXPECT_EQ(errors.joint_mm.size(), 17U);
}

// ---- Against numpy.

void ExpectNumbers(const std::vector<double>& numbers, const nlohmann::json& expected) {
  ASSERT_EQ(numbers.size(), expected.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (expected[i].is_null()) {
      EXPECT_THAT(numbers[i], IsNan()) << i;
    } else {
      EXPECT_NEAR(numbers[i], expected[i], kClose) << i;
    }
  }
}

TEST(GoldenScoreTest, IsNumpys) {
  int people = 0;
  for (const auto& person : Golden()["people"]) {
    SCOPED_TRACE(people++);
    const auto& expected = person["expected"];
    const Errors3d errors = ScoreGolden3d(person);
    EXPECT_NEAR(errors.mpjpe_mm, expected["mpjpe_mm"], kClose);
    EXPECT_NEAR(errors.pa_mpjpe_rigid_mm, expected["pa_mpjpe_rigid_mm"], kClose);
    EXPECT_NEAR(errors.pa_mpjpe_mm, expected["pa_mpjpe_mm"], kClose);
    EXPECT_NEAR(errors.n_mpjpe_mm, expected["n_mpjpe_mm"], kClose);
    EXPECT_NEAR(errors.mrpe_mm, expected["mrpe_mm"], kClose);
    ExpectNumbers(errors.joint_mm, expected["joint_mm"]);
    ExpectNumbers(ScoreGolden2d(person), expected["joint_share"]);
  }
  EXPECT_EQ(people, 24);
}

// ---- What is not known.

TEST(Score3dTest, JointsThatAreNotValidCountNowhere) {
  std::vector<Vec3> predicted = TurnedAndScaled(Person(), true, 1.1);
  std::vector<std::uint8_t> valid(18, 1);
  const Errors3d all = Score(predicted, Person());
  valid[5] = valid[17] = 0;
  predicted[5] = predicted[17] = {kUnknown, 1e300, 0};
  const Errors3d errors = Score(predicted, Person(), valid);
  EXPECT_THAT(errors.joint_mm[5], IsNan());
  EXPECT_EQ(errors.joint_mm[6], all.joint_mm[6]);
  EXPECT_NEAR(errors.mpjpe_mm, (all.mpjpe_mm * 17 - all.joint_mm[5]) / 16, kClose);
  EXPECT_NEAR(errors.pa_mpjpe_mm, 0, kClose);
}

TEST(Score3dTest, WithoutTheRootOnlyAlignmentsAreKnown) {
  std::vector<std::uint8_t> valid(18, 1);
  valid[0] = 0;
  const Errors3d errors = Score(TurnedAndScaled(Person(), true, 1), Person(), valid);
  EXPECT_THAT(errors.mpjpe_mm, IsNan());
  EXPECT_THAT(errors.n_mpjpe_mm, IsNan());
  EXPECT_THAT(errors.mrpe_mm, IsNan());
  EXPECT_THAT(errors.joint_mm, Each(IsNan()));
  EXPECT_NEAR(errors.pa_mpjpe_mm, 0, kClose);
  EXPECT_NEAR(errors.pa_mpjpe_rigid_mm, 0, kClose);
}

TEST(Score3dTest, TwoJointsAreTooFewToAlign) {
  std::vector<std::uint8_t> valid(18, 0);
  valid[0] = valid[10] = 1;
  const Errors3d errors = Score(TurnedAndScaled(Person(), true, 1), Person(), valid);
  EXPECT_GT(errors.mpjpe_mm, 1);
  EXPECT_THAT(errors.pa_mpjpe_mm, IsNan());
  EXPECT_THAT(errors.pa_mpjpe_rigid_mm, IsNan());
  valid[10] = 0;
  EXPECT_THAT(Score(Person(), Person(), valid).mpjpe_mm, IsNan());
  EXPECT_EQ(Score(Person(), Person(), valid).mrpe_mm, 0);
}

TEST(Score3dTest, ANumberThatIsNotFiniteIsNotAveragedAway) {
  for (const double bad : {kUnknown, std::numeric_limits<double>::infinity(), 1e308}) {
    std::vector<Vec3> predicted = Person();
    predicted[4][2] = bad;
    const Errors3d errors = Score(predicted, Person());
    EXPECT_THAT(errors.pa_mpjpe_mm, IsNan());
    EXPECT_THAT(errors.pa_mpjpe_rigid_mm, IsNan());
    EXPECT_THAT(errors.n_mpjpe_mm, IsNan());
    EXPECT_EQ(errors.mrpe_mm, 0);
    EXPECT_THAT(errors.mpjpe_mm, IsNan());
  }
  EXPECT_THROW((void)Score3d(Human36m(), Person(), std::vector<Vec3>(17)), CheckFailure);
}

TEST(Score2dTest, SharesOfTheBoxByHand) {
  const std::vector<Vec2> truth = {{0, 0}, {10, 10}, {20, 20}, {kUnknown, 0}, {5, 5}};
  const std::vector<Vec2> predicted = {{30, 40}, {10, 10}, {0, 0}, {0, 0}, {kUnknown, 5}};
  const std::vector<double> shares =
      Score2d(predicted, truth, std::vector<std::uint8_t>{1, 1, 0, 1, 1}, {0, 0, 200, 100});
  EXPECT_DOUBLE_EQ(shares[0], 0.25);
  EXPECT_EQ(shares[1], 0);
  EXPECT_THAT(shares[2], IsNan());
  EXPECT_THAT(shares[3], IsNan());
  EXPECT_EQ(shares[4], kLostShare) << "a joint that the network lost is a miss, not a gap";
  EXPECT_THROW((void)Score2d(predicted, truth, {}, {0, 0, 0, 100}), CheckFailure);
}

TEST(ScoredJointsTest, AreThoseOfTheProtocols) {
  EXPECT_EQ(ScoredJoints(Human36m()).size(), 17U);
  EXPECT_EQ(PckJoints(Human36m()), ScoredJoints(Human36m()));
  const pose::JointSet& mupots = **pose::FindJointSet("mupots");
  EXPECT_EQ(ScoredJoints(mupots).size(), 17U);
  EXPECT_EQ(PckJoints(mupots).size(), 14U);
  EXPECT_EQ(mupots.joints[static_cast<std::size_t>(PckJoints(mupots).back())], "L_Ankle");
  EXPECT_EQ(ScoredJoints(**pose::FindJointSet("mpii")).size(), 16U);
}

}  // namespace
}  // namespace cnp::eval
