#include "convnextpose/synth/motion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numbers>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/bvh.h"
#include "convnextpose/synth/skeleton.h"

namespace cnp::synth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kHierarchy = R"(HIERARCHY
ROOT Hips
{
  OFFSET 0 1 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT LeftUpLeg
  {
    OFFSET 0.1 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT LeftLeg
    {
      OFFSET 0 -0.3 0
      CHANNELS 3 Yrotation Xrotation Zrotation
      JOINT LeftFoot
      {
        OFFSET 0 -0.3 0
        CHANNELS 3 Zrotation Xrotation Yrotation
        End Site
        {
          OFFSET 0 -0.1 0
        }
      }
    }
  }
  JOINT Right UpLeg
  {
    OFFSET -0.1 0 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -0.1 0
    }
  }
}
)";
const std::string kMotion = R"(MOTION
Frames: 2
Frame Time: 0.04
0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
0.5 0.8 -2e-1 10 20 30 90 0 0 30 20 10 0 0 0 0 -45.5 0
)";

Eigen::Quaternionf Turn(double degrees, const Eigen::Vector3f& axis) {
  return Eigen::Quaternionf(
      Eigen::AngleAxisf(static_cast<float>(degrees * std::numbers::pi / 180), axis));
}

TEST(ParseBvh, ReadsJointsAndTurnsInTheOrderOfTheirChannels) {
  const auto motion = ParseBvh(kHierarchy + kMotion, "walk.bvh");
  ASSERT_TRUE(motion.ok()) << motion.error().message;
  EXPECT_THAT(motion->bones,
              ElementsAre("Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "Right UpLeg"));
  EXPECT_EQ(motion->frames, 2);
  EXPECT_FLOAT_EQ(motion->frame_s, 0.04F);
  EXPECT_EQ(motion->leg_length_m, 0) << "the right leg's bones are not there";
  EXPECT_EQ(motion->root_m[1], Eigen::Vector3f(0.5F, 0.8F, -0.2F));
  const Eigen::Vector3f x = Eigen::Vector3f::UnitX();
  const Eigen::Vector3f y = Eigen::Vector3f::UnitY();
  const Eigen::Vector3f z = Eigen::Vector3f::UnitZ();
  const auto turn = [&](std::size_t bone) { return motion->rotations[5 + bone]; };
  EXPECT_LT(turn(0).angularDistance(Turn(10, z) * Turn(20, x) * Turn(30, y)), 1e-5);
  EXPECT_LT(turn(1).angularDistance(Turn(90, z)), 1e-5);
  EXPECT_LT(turn(2).angularDistance(Turn(30, y) * Turn(20, x) * Turn(10, z)), 1e-5);
  EXPECT_LT(turn(4).angularDistance(Turn(-45.5, x)), 1e-5);
  EXPECT_LT(motion->rotations[4].angularDistance(Eigen::Quaternionf::Identity()), 1e-6);
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(ParseBvh, TellsWhatIsWrongAndWhere) {
  const std::string whole = kHierarchy + kMotion;
  const struct {
    const char* what;
    const char* with;
    const char* told;
  } kCases[] = {
      {"HIERARCHY", "hierarchy", "line 1: 'HIERARCHY' should stand here; is this a BVH file?"},
      {"OFFSET 0 1 0", "OFFSET 0 one 0", "line 4: a number"},
      {"OFFSET 0 1 0", "OFFSET 0 nan 0", "line 4: a number"},
      {"OFFSET 0 1 0", "OFFSET 0 1e9 0", "line 4: a number of at most 100000"},
      {"CHANNELS 6", "CHANNELS 3", "line 5: the root needs 6 channels"},
      {"CHANNELS 3", "CHANNELS 6", "line 9: a joint needs 3 channels"},
      {"Xposition", "Xscale", "line 5: this is no channel"},
      {"Xposition", "Wposition", "line 5: this is no channel"},
      {"JOINT LeftLeg", "JOIN LeftLeg", "line 10: JOINT, End Site or }"},
      {"JOINT LeftLeg", "JOINT", "line 10: a joint has no name"},
      {"Frames: 2", "Frames: 0", "no frames, or fewer than are announced"},
      {"Frames: 2", "Frames: 2000000000", "no frames, or fewer than are announced"},
      {"Frames: 2", "Frames: 1", "more numbers than frames"},
      {"Frame Time: 0.04", "Frame Time: 0", "the frame time must be above 0"},
      {" -45.5 0\n", " -45.5\n", "a number"},
  };
  for (const auto& [what, with, told] : kCases) {
    const auto motion = ParseBvh(Replaced(whole, what, with), "walk.bvh");
    ASSERT_FALSE(motion.ok()) << told;
    EXPECT_THAT(motion.error().message, HasSubstr(told));
    EXPECT_THAT(motion.error().message, HasSubstr("walk.bvh"));
  }
}

// But for the last digit and what follows it.
TEST(ParseBvh, RefusesAFileThatIsCutAnywhere) {
  const std::string whole = kHierarchy + kMotion;
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(ParseBvh(whole.substr(0, size), "cut").ok()) << size;
  }
}

TEST(PoseAt, FitsTheMotionToTheBodysLegs) {
  const Body body = MakeBody(0);
  Motion motion;
  motion.bones = {"Hips", "LeftLeg", "Tail"};
  motion.frames = 1;
  motion.root_m = {{0.2F, 0.9F, 0}};
  motion.rotations = {Turn(10, Eigen::Vector3f::UnitY()), Turn(50, Eigen::Vector3f::UnitX()),
                      Turn(70, Eigen::Vector3f::UnitX())};
  const Proportions built = NoChange(body);
  motion.leg_length_m = LegLength(body, built) / 2;
  const BodyPose pose = PoseAt(motion, 0, body, built);
  EXPECT_LT((pose.root_m - 2 * motion.root_m[0]).norm(), 1e-5);
  const auto turned = [&](const char* bone, const Eigen::Quaternionf& turn) {
    const auto number = static_cast<std::size_t>(FindBone(body, bone));
    return pose.rotations[number].angularDistance(turn) < 1e-5;
  };
  EXPECT_TRUE(turned("Hips", motion.rotations[0]));
  EXPECT_TRUE(turned("LeftLeg", motion.rotations[1]));
  EXPECT_TRUE(turned("RightLeg", Eigen::Quaternionf::Identity()));
  Proportions half = built;
  half.size = 0.5F;
  EXPECT_LT((PoseAt(motion, 0, body, half).root_m - motion.root_m[0]).norm(), 1e-5);
}

}  // namespace
}  // namespace cnp::synth
