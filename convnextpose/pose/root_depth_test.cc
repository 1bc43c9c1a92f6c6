#include "convnextpose/pose/root_depth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace cnp::pose {
namespace {

using ::testing::HasSubstr;

// What the solver sees of a person whose bones point wherever `seed` says and have the lengths of
// someone of `height_mm`, the root at `root_mm`.
struct Seen {
  std::vector<Vec2> image_px;
  std::vector<double> relative_depth_mm;
};

Seen Random(const JointSet& set, const Camera& camera, double height_mm, const Vec3& root_mm,
            unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<Vec3> joints(set.joints.size(), root_mm);
  for (const Bone& bone : set.bones) {
    Vec3 way = {normal(random), normal(random), normal(random)};
    const double known = bone.segment.stature_share;
    const double share = known > 0 ? known : 0.05;
    const double scale = share * height_mm / Norm(way);
    const Vec3& from = joints[bone.parent];
    joints[bone.child] = {from[0] + way[0] * scale, from[1] + way[1] * scale,
                          from[2] + way[2] * scale};
  }
  Seen seen;
  for (const Vec3& joint : joints) {
    seen.image_px.push_back(Project(camera, joint));
    seen.relative_depth_mm.push_back(joint[2] - root_mm[2]);
  }
  return seen;
}

TEST(RootDepth, RecoversThePlaceOfAPersonOfKnownHeight) {
  for (const JointSet& set : JointSets()) {
    for (unsigned seed = 0; seed < 50; ++seed) {
      const Camera camera = DefaultCamera(1280, 720);
      const Vec3 root = {-900.0 + 40 * seed, 300, 2500.0 + 300 * seed};
      const double height = 1000 + 20 * seed;
      const Seen seen = Random(set, camera, height, root, seed);
      const auto depth = RootDepthFromBones(set, seen.image_px, seen.relative_depth_mm, {}, camera,
                                            {.height_mm = height});
      ASSERT_TRUE(depth.ok()) << set.name << " " << seed << " " << depth.error().message;
      EXPECT_NEAR(*depth, root[2], 0.01) << set.name << " " << seed;
    }
  }
}

// One bone that lies across the view at the root's depth: d = f * length / pixels.
TEST(RootDepth, OfOneShankByHand) {
  const JointSet& set = Human36m();
  const double nan = std::nan("");
  std::vector<Vec2> px(18, {nan, nan});
  px[2] = {320, 240};
  px[3] = {320, 340};
  const std::vector<double> flat(18, 0.0);
  const Camera camera = DefaultCamera(640, 480);
  const auto depth = RootDepthFromBones(set, px, flat, {}, camera, {.height_mm = 1700});
  ASSERT_TRUE(depth.ok());
  EXPECT_NEAR(*depth, 1500 * 0.246 * 1700 / 100, 1e-3);
  EXPECT_NEAR(*RootDepthFromBones(set, px, flat, {}, camera, {.height_mm = 850}), *depth / 2, 1e-3);
}

TEST(RootDepth, IgnoresJointsOfNoConfidence) {
  const JointSet& set = Human36m();
  const Camera camera = DefaultCamera(640, 480);
  Seen seen = Random(set, camera, kAverageAdultMm, {0, 0, 4000}, 7);
  std::vector<double> confidence(18, 0.9);
  seen.image_px[6] = {5000, 5000};
  confidence[6] = 0.05;
  seen.relative_depth_mm[3] = std::numeric_limits<double>::infinity();
  const auto depth =
      RootDepthFromBones(set, seen.image_px, seen.relative_depth_mm, confidence, camera);
  ASSERT_TRUE(depth.ok());
  EXPECT_NEAR(*depth, 4000, 0.01);
  confidence[6] = 0.9;
  EXPECT_GT(
      std::abs(*RootDepthFromBones(set, seen.image_px, seen.relative_depth_mm, confidence, camera) -
               4000),
      500);
}

TEST(RootDepth, MeasuresByArmsOnlyWithoutLegsAndTrunk) {
  const JointSet& set = Human36m();
  const Camera camera = DefaultCamera(640, 480);
  Seen seen = Random(set, camera, kAverageAdultMm, {0, 0, 4000}, 11);
  const Seen whole = seen;
  for (const int wrist : {13, 16}) seen.image_px[wrist] = {320, 240};  // Arms drawn wrong.
  EXPECT_NEAR(*RootDepthFromBones(set, seen.image_px, seen.relative_depth_mm, {}, camera), 4000,
              0.01);
  std::vector<double> confidence(18, 0.9);
  for (const int joint : {1, 2, 3, 4, 5, 6, 7}) confidence[joint] = 0;
  EXPECT_NEAR(*RootDepthFromBones(set, whole.image_px, whole.relative_depth_mm, confidence, camera),
              4000, 0.01);
}

TEST(RootDepth, KeepsEveryJointInFrontOfTheCamera) {
  const JointSet& set = Human36m();
  const Camera camera = DefaultCamera(640, 480);
  // Of legs and trunk (1.27 of the height) only a shank has length: 2 (d - 900) across and 900 in
  // depth. Someone of 745 mm has it at d = 1046, of 720 mm at d = 981, where the ankle is less than
  // 100 mm away.
  std::vector<Vec2> px(18, {320, 240});
  std::vector<double> depth_mm(18, 0.0);
  px[3] = {320, 3240};
  depth_mm[3] = -900;
  const auto far_enough = RootDepthFromBones(set, px, depth_mm, {}, camera, {.height_mm = 745});
  ASSERT_TRUE(far_enough.ok()) << far_enough.error().message;
  EXPECT_NEAR(*far_enough, 1046, 1);
  EXPECT_FALSE(RootDepthFromBones(set, px, depth_mm, {}, camera, {.height_mm = 720}).ok());
}

TEST(RootDepth, SaysWhyItCannotTell) {
  const JointSet& set = Human36m();
  const Camera camera = DefaultCamera(640, 480);
  const std::vector<double> flat(18, 0.0);
  const std::vector<Vec2> point(18, {320, 240});
  const auto message = [&](const std::vector<Vec2>& px, const std::vector<double>& depth_mm,
                           double confidence, double height) {
    const std::vector<double> all(18, confidence);
    const auto result = RootDepthFromBones(set, px, depth_mm, all, camera, {.height_mm = height});
    return result.ok() ? "depth " + std::to_string(*result) : result.error().message;
  };
  EXPECT_THAT(message(point, flat, 1, 1700), HasSubstr("on one point"));
  std::vector<Vec2> almost = point;
  almost[3][0] += 0.01;
  EXPECT_THAT(message(almost, flat, 1, 1700), HasSubstr("on one point"));
  EXPECT_THAT(message(point, flat, 0.1, 1700), HasSubstr("with confidence"));
  EXPECT_THAT(message(std::vector<Vec2>(18, {std::nan(""), 0}), flat, 1, 1700),
              HasSubstr("with confidence"));
  EXPECT_THAT(message(point, flat, 1, -1), HasSubstr("height"));
  EXPECT_THAT(message(point, flat, 1, std::nan("")), HasSubstr("height"));
  const Seen seen = Random(set, camera, 1700, {0, 0, 4000}, 3);
  EXPECT_THAT(message(seen.image_px, seen.relative_depth_mm, 1, 100),
              HasSubstr("too long in depth"));
}

TEST(RootDepth, NeedsOneEntryAJoint) {
  const std::vector<Vec2> px(17);
  const std::vector<double> flat(18, 0.0);
  EXPECT_THROW(
      static_cast<void>(RootDepthFromBones(Human36m(), px, flat, {}, DefaultCamera(640, 480))),
      CheckFailure);
}

}  // namespace
}  // namespace cnp::pose
