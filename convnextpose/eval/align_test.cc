#include "convnextpose/eval/align.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numbers>
#include <random>

#include "convnextpose/base/check.h"

namespace cnp::eval {
namespace {

using pose::Norm;
using pose::Vec3;
using pose::operator-;  // NOLINT(misc-unused-using-decls): the check misses operators.

std::vector<Vec3> Cloud(std::size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 300);
  std::vector<Vec3> points(count);
  for (Vec3& p : points) p = {normal(random), normal(random), 4000 + normal(random)};
  return points;
}

// A third of a turn about (1, 1, 1): x -> y -> z -> x; scaled and moved.
std::vector<Vec3> Moved(const std::vector<Vec3>& points, double scale, const Vec3& shift) {
  std::vector<Vec3> moved;
  for (const Vec3& p : points) {
    moved.push_back({scale * p[2] + shift[0], scale * p[0] + shift[1], scale * p[1] + shift[2]});
  }
  return moved;
}

double Rest(const Transform& transform, const std::vector<Vec3>& from,
            const std::vector<Vec3>& to) {
  double largest = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    largest = std::max(largest, Norm(transform(from[i]) - to[i]));
  }
  return largest;
}

double Determinant(const Transform& t) {
  const auto& r = t.rotation;
  return r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
         r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
         r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
}

TEST(AlignTest, FindsRotationShiftAndScale) {
  const std::vector<Vec3> points = Cloud(18);
  const std::vector<Vec3> moved = Moved(points, 1, {10, -20, 3000});
  const auto rigid = AlignRigid(points, moved);
  ASSERT_TRUE(rigid);
  EXPECT_LT(Rest(*rigid, points, moved), 1e-9);
  const std::vector<Vec3> larger = Moved(points, 2.5, {10, -20, 3000});
  const auto similar = AlignSimilarity(points, larger);
  ASSERT_TRUE(similar);
  EXPECT_NEAR(similar->scale, 2.5, 1e-12);
  EXPECT_LT(Rest(*similar, points, larger), 1e-9);
  EXPECT_GT(Rest(*AlignRigid(points, larger), points, larger), 100);
  EXPECT_EQ(AlignRigid(points, larger)->scale, 1);
}

TEST(AlignTest, NeverReflects) {
  const std::vector<Vec3> points = Cloud(18);
  std::vector<Vec3> mirrored = points;
  for (Vec3& p : mirrored) p[0] = -p[0];
  for (const auto& transform : {AlignRigid(points, mirrored), AlignSimilarity(points, mirrored)}) {
    ASSERT_TRUE(transform);
    EXPECT_NEAR(Determinant(*transform), 1, 1e-12);
    EXPECT_GE(transform->scale, 0);
    EXPECT_GT(Rest(*transform, points, mirrored), 100);
  }
}

// No small change of the answer does better.
TEST(AlignTest, IsTheBestEvenForAMirrorImage) {
  const std::vector<Vec3> points = Cloud(9);
  std::vector<Vec3> target = points;
  for (Vec3& p : target) p[2] = -p[2];
  target[3][1] += 250;
  const auto squares = [&](const Transform& t) {
    double sum = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      sum += std::pow(Norm(t(points[i]) - target[i]), 2);
    }
    return sum;
  };
  const Transform best = *AlignSimilarity(points, target);
  Vec3 mean{};
  for (const Vec3& p : points) {
    for (int k = 0; k < 3; ++k) mean[k] += p[k] / static_cast<double>(points.size());
  }
  for (int axis = 0; axis < 3; ++axis) {
    for (const double angle : {-0.01, 0.01}) {
      Transform turned = best;
      const int u = (axis + 1) % 3;
      const int v = (axis + 2) % 3;
      for (int k = 0; k < 3; ++k) {
        const double a = best.rotation[u][k];
        const double b = best.rotation[v][k];
        turned.rotation[u][k] = std::cos(angle) * a - std::sin(angle) * b;
        turned.rotation[v][k] = std::sin(angle) * a + std::cos(angle) * b;
      }
      // About the points' middle, where a turn moves no mean.
      const Vec3 before = best(mean);
      const Vec3 after = turned(mean);
      for (int k = 0; k < 3; ++k) turned.shift[k] += before[k] - after[k];
      EXPECT_GT(squares(turned), squares(best));
    }
    Transform shifted = best;
    shifted.shift[axis] += 1;
    EXPECT_GT(squares(shifted), squares(best));
  }
}

TEST(AlignTest, PointsThatLeaveTheRotationOpen) {
  const std::vector<Vec3> line = {{0, 0, 0}, {100, 0, 0}, {300, 0, 0}};
  const std::vector<Vec3> turned = {{5, 0, 7}, {5, 100, 7}, {5, 300, 7}};
  const auto rigid = AlignRigid(line, turned);
  ASSERT_TRUE(rigid);
  EXPECT_LT(Rest(*rigid, line, turned), 1e-9);
  EXPECT_NEAR(Determinant(*rigid), 1, 1e-12);

  const std::vector<Vec3> point(3, Vec3{1, 2, 3});
  for (const auto& transform : {AlignRigid(point, line), AlignSimilarity(point, line)}) {
    ASSERT_TRUE(transform);
    EXPECT_EQ(transform->scale, 1);
    EXPECT_NEAR(Determinant(*transform), 1, 1e-12);
    const Vec3 middle = (*transform)(point[0]);
    EXPECT_NEAR(middle[0], 400.0 / 3, 1e-9);
  }
  EXPECT_EQ(AlignSimilarity(line, point)->scale, 0);
}

TEST(AlignTest, RefusesWhatHasNoAnswer) {
  const std::vector<Vec3> none;
  EXPECT_FALSE(AlignRigid(none, none));
  EXPECT_FALSE(AlignScale(none, none));
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e200}) {
    std::vector<Vec3> points = Cloud(5);
    points[2][1] = bad;
    EXPECT_FALSE(AlignRigid(points, points));
    EXPECT_FALSE(AlignSimilarity(points, points));
    EXPECT_FALSE(AlignScale(points, points));
  }
  EXPECT_THROW((void)AlignRigid(Cloud(3), Cloud(4)), CheckFailure);
}

TEST(AlignScaleTest, IsTheBestAndNeverNegative) {
  const std::vector<Vec3> points = {{1, 0, 0}, {0, 2, 0}};
  EXPECT_DOUBLE_EQ(*AlignScale(points, std::vector<Vec3>{{3, 0, 0}, {0, 6, 0}}), 3);
  EXPECT_DOUBLE_EQ(*AlignScale(points, std::vector<Vec3>{{2, 0, 0}, {0, 1, 0}}), 0.8);
  EXPECT_EQ(*AlignScale(points, std::vector<Vec3>{{-1, 0, 0}, {0, -2, 0}}), 0);
  EXPECT_EQ(*AlignScale(std::vector<Vec3>(2), points), 1);
}

}  // namespace
}  // namespace cnp::eval
