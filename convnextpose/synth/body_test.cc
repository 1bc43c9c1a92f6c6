#include "convnextpose/synth/body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <numbers>
#include <tuple>

#include "convnextpose/pose/joint_set.h"
#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/skeleton.h"
#include "convnextpose/synth/stance.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

PosedBody Standing(const Body& body, const Proportions& proportions) {
  PosedBody posed;
  Skin(body, proportions, RestPose(body), posed);
  return posed;
}

float Lowest(const std::vector<Vector3f>& points) {
  return std::min_element(points.begin(), points.end(),
                          [](const Vector3f& a, const Vector3f& b) { return a.y() < b.y(); })
      ->y();
}

float Height(const std::vector<Vector3f>& points) {
  return std::max_element(points.begin(), points.end(),
                          [](const Vector3f& a, const Vector3f& b) { return a.y() < b.y(); })
             ->y() -
         Lowest(points);
}

Vector3f JointOf(const PosedBody& posed, std::string_view name) {
  const auto& names = pose::Human36m().joints;
  const auto at = std::find(names.begin(), names.end(), name) - names.begin();
  return posed.joints.at(static_cast<std::size_t>(at));
}

// Human3.6M's joints lie where people have them, whoever made the body.
void ExpectPlausibleJoints(const PosedBody& posed) {
  const float height = Height(posed.positions);
  ASSERT_EQ(posed.joints.size(), 18U);
  const Vector3f pelvis = JointOf(posed, "Pelvis");
  const float floor = Lowest(posed.positions);
  EXPECT_NEAR((pelvis.y() - floor) / height, 0.53, 0.07);  // Children have short legs.
  EXPECT_NEAR(pelvis.x(), 0, 0.02);
  EXPECT_LT((pelvis - (JointOf(posed, "L_Hip") + JointOf(posed, "R_Hip")) / 2).norm(), 1e-4);
  EXPECT_NEAR((JointOf(posed, "Head").y() - floor) / height, 0.93, 0.05);
  for (const std::string joint : {"Hip", "Knee", "Ankle", "Shoulder", "Elbow", "Wrist"}) {
    const Vector3f left = JointOf(posed, "L_" + joint);
    const Vector3f right = JointOf(posed, "R_" + joint);
    EXPECT_GT(left.x(), 0.03) << joint;
    EXPECT_LT((left - Vector3f(-right.x(), right.y(), right.z())).norm(), 0.03) << joint;
  }
  const std::array<const char*, 7> rising = {"R_Ankle", "R_Knee", "R_Hip", "Torso",
                                             "Thorax",  "Nose",   "Head"};
  for (std::size_t i = 0; i + 1 < rising.size(); ++i) {
    EXPECT_LT(JointOf(posed, rising[i]).y() + 0.02, JointOf(posed, rising[i + 1]).y()) << rising[i];
  }
  EXPECT_GT(JointOf(posed, "Nose").z(), JointOf(posed, "Head").z() + 0.02);
}

TEST(MadeBody, HasItsJointsWherePeopleHaveThem) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    const Body body = MakeBody(seed);
    const PosedBody posed = Standing(body, NoChange(body));
    EXPECT_GT(Height(posed.positions), 0.7);
    EXPECT_LT(Height(posed.positions), 2.2);
    ExpectPlausibleJoints(posed);
  }
}

// Each edge belongs to two triangles that run along it in opposite directions, and the volume
// within is a person's.
TEST(MadeBody, IsAClosedSurfaceWithItsOutsideOutside) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Body body = MakeBody(seed);
    const auto place = [&](std::uint32_t corner) {
      const Vector3f& p = body.positions[corner];
      return std::tuple(p.x(), p.y(), p.z());
    };
    using Place = std::tuple<float, float, float>;
    std::map<std::pair<Place, Place>, int> edges;
    double volume = 0;
    for (const Surface& surface : body.surfaces) {
      for (std::size_t i = 0; i < surface.indices.size(); i += 3) {
        const std::uint32_t* corner = &surface.indices[i];
        volume += body.positions[corner[0]].dot(
                      body.positions[corner[1]].cross(body.positions[corner[2]])) /
                  6;
        for (std::size_t k = 0; k < 3; ++k) {
          const Place a = place(corner[k]);
          const Place b = place(corner[(k + 1) % 3]);
          if (a == b) continue;
          ++edges[{a, b}];
          --edges[{b, a}];
        }
      }
    }
    EXPECT_TRUE(
        std::all_of(edges.begin(), edges.end(), [](const auto& edge) { return edge.second == 0; }));
    EXPECT_GT(volume, 0.008);
    EXPECT_LT(volume, 0.3);
  }
}

TEST(MadeBody, FollowsFromItsSeed) {
  const Body a = MakeBody(4);
  const Body b = MakeBody(4);
  EXPECT_EQ(a.positions, b.positions);
  EXPECT_EQ(a.surfaces[0].texture->rgb, b.surfaces[0].texture->rgb);
  EXPECT_NE(a.surfaces[0].texture->rgb, MakeBody(5).surfaces[0].texture->rgb);
}

TEST(Skin, LeavesABodyInItsBindPoseAsItIs) {
  const Body body = MakeBody(2);
  const PosedBody posed = Standing(body, NoChange(body));
  for (std::size_t i = 0; i < body.positions.size(); ++i) {
    EXPECT_LT((posed.positions[i] - body.positions[i]).norm(), 1e-5);
    EXPECT_GT(posed.normals[i].dot(body.normals[i]), 0.9999);
  }
}

TEST(Skin, TurnsWhatHangsOnABoneAboutItsOrigin) {
  const Body body = MakeBody(2);
  BodyPose pose = RestPose(body);
  const int elbow = FindBone(body, "LeftForeArm");
  pose.rotations[static_cast<std::size_t>(elbow)] =
      Eigen::AngleAxisf(std::numbers::pi_v<float> / 2, Vector3f::UnitZ());
  PosedBody bent;
  Skin(body, NoChange(body), pose, bent);
  const PosedBody rest = Standing(body, NoChange(body));
  const Vector3f arm = JointOf(rest, "L_Wrist") - JointOf(rest, "L_Elbow");
  const Vector3f up = JointOf(bent, "L_Wrist") - JointOf(bent, "L_Elbow");
  EXPECT_LT((up - Vector3f(-arm.y(), arm.x(), arm.z())).norm(), 1e-5);
  EXPECT_LT((JointOf(bent, "L_Elbow") - JointOf(rest, "L_Elbow")).norm(), 1e-6);
}

TEST(MadeProportions, ScaleBonesByWhatTheySay) {
  const Body body = MakeBody(0);
  const PosedBody built = Standing(body, NoChange(body));
  int children = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Proportions other = MakeProportions(body, seed);
    const PosedBody posed = Standing(body, other);
    for (const auto& [bone, from, to] :
         {std::tuple{"LeftForeArm", "L_Elbow", "L_Wrist"}, {"RightLeg", "R_Knee", "R_Ankle"}}) {
      const float before = (JointOf(built, from) - JointOf(built, to)).norm();
      const float after = (JointOf(posed, from) - JointOf(posed, to)).norm();
      const auto number = static_cast<std::size_t>(FindBone(body, bone));
      EXPECT_NEAR(after / before, other.size * other.length[number], 1e-3);
    }
    ExpectPlausibleJoints(posed);
    children += Height(posed.positions) < 0.85F * Height(built.positions) ? 1 : 0;
  }
  EXPECT_GT(children, 0);
  EXPECT_LT(children, 20);
}

TEST(MadePose, StandsOrLiesOnTheFloor) {
  const Body body = MakeBody(3);
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Proportions proportions = MakeProportions(body, seed);
    PosedBody posed;
    Skin(body, proportions, MakePose(body, proportions, seed), posed);
    EXPECT_NEAR(Lowest(posed.positions), 0, 1e-4) << seed;
    EXPECT_LT(Height(posed.positions), 1.6F * Height(Standing(body, proportions).positions));
  }
}

TEST(MadePose, FollowsFromItsSeed) {
  const Body body = MakeBody(3);
  const auto pose = [&](std::uint64_t seed) {
    std::vector<float> numbers;
    for (const auto& turn : MakePose(body, NoChange(body), seed).rotations) {
      numbers.insert(numbers.end(), turn.coeffs().begin(), turn.coeffs().end());
    }
    return numbers;
  };
  EXPECT_EQ(pose(11), pose(11));
  EXPECT_NE(pose(11), pose(12));
}

// Knees bend backward, elbows forward, both one way, and no farther than they can.
TEST(MadePose, BendsHingesOneWay) {
  double most_knee = 0;
  double most_elbow = 0;
  double lowest_pitch = 0;
  double highest_pitch = 0;
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Stance stance = MakeStance(seed);
    for (const Leg& leg : {stance.left_leg, stance.right_leg}) {
      EXPECT_TRUE(leg.knee >= 0 && leg.knee <= 150) << seed;
      EXPECT_TRUE(leg.flex >= -30 && leg.flex <= 125) << seed;
      EXPECT_TRUE(leg.ankle >= -30 && leg.ankle <= 50) << seed;
      most_knee = std::max(most_knee, leg.knee);
    }
    for (const Arm& arm : {stance.left_arm, stance.right_arm}) {
      EXPECT_TRUE(arm.elbow >= 0 && arm.elbow <= 145) << seed;
      most_elbow = std::max(most_elbow, arm.elbow);
    }
    lowest_pitch = std::min(lowest_pitch, stance.pitch);
    highest_pitch = std::max(highest_pitch, stance.pitch);
  }
  EXPECT_GT(most_knee, 120);
  EXPECT_GT(most_elbow, 100);
  EXPECT_LT(lowest_pitch, -80);   // Lying on the back.
  EXPECT_GT(highest_pitch, 150);  // On the hands.
}

TEST(ToPose, PutsShanksBehindAndForearmsBeforeTheBody) {
  const Body body = MakeBody(3);
  Stance stance;
  for (Leg* leg : {&stance.left_leg, &stance.right_leg}) *leg = {.flex = 60, .knee = 80};
  for (Arm* arm : {&stance.left_arm, &stance.right_arm})
    *arm = {.raise = 0, .ahead = 0, .elbow = 90};
  PosedBody posed;
  Skin(body, NoChange(body), ToPose(stance, body), posed);
  for (const std::string side : {"L_", "R_"}) {
    const auto joint = [&](const char* name) { return JointOf(posed, side + name); };
    EXPECT_GT(joint("Knee").z(), joint("Hip").z() + 0.2);  // Thighs forward.
    EXPECT_LT(joint("Ankle").z(), joint("Knee").z() - 0.05);
    EXPECT_LT(joint("Ankle").y(), joint("Knee").y() - 0.2);
    EXPECT_NEAR(joint("Elbow").y(), joint("Shoulder").y(), 0.1);  // Upper arms level.
    EXPECT_GT(joint("Wrist").z(), joint("Elbow").z() + 0.15);
  }
}

TEST(SharedAvatars, HaveTheirJointsWherePeopleHaveThem) {
  const std::filesystem::path data = std::filesystem::path(CNP_SHARED) / "synth";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "needs the shared avatars";
  AssetOptions options;
  options.avatars = data / "avatars";
  options.share.begin = 0.7;
  const Assets assets = LoadAssets(options).value();
  EXPECT_GT(assets.bodies.size(), 10U);
  for (const auto& body : assets.bodies) {
    SCOPED_TRACE(body->name);
    ExpectPlausibleJoints(Standing(*body, NoChange(*body)));
    ExpectPlausibleJoints(Standing(*body, MakeProportions(*body, 5)));
  }
}

}  // namespace
}  // namespace cnp::synth
