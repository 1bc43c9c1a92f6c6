#include "convnextpose/pose/joint_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace cnp::pose {
namespace {

using ::testing::HasSubstr;

class EverySet : public testing::TestWithParam<JointSet> {};
INSTANTIATE_TEST_SUITE_P(JointSet, EverySet, testing::ValuesIn(JointSets()), [](const auto& suite) {
  std::string name(suite.param.name);
  std::erase(name, '-');
  return name;
});

TEST_P(EverySet, HasUniqueNamesAndAPelvisForRoot) {
  const JointSet& set = GetParam();
  EXPECT_EQ(std::set<std::string_view>(set.joints.begin(), set.joints.end()).size(),
            set.joints.size());
  EXPECT_EQ(set.joints[set.root], "Pelvis");
}

TEST_P(EverySet, PairsEachSidedJointWithItsNamesake) {
  const JointSet& set = GetParam();
  const std::vector<int> mirror = MirrorMap(set);
  ASSERT_EQ(mirror.size(), set.joints.size());
  for (int j = 0; j < set.size(); ++j) {
    std::string expected(set.joints[j]);
    if (SideOf(set, j) == Side::kLeft) expected[0] = 'R';
    if (SideOf(set, j) == Side::kRight) expected[0] = 'L';
    EXPECT_EQ(set.joints[mirror[j]], expected);
    EXPECT_EQ(mirror[mirror[j]], j);
  }
  for (const FlipPair& pair : set.flip_pairs) {
    EXPECT_EQ(SideOf(set, pair.right), Side::kRight);
    EXPECT_EQ(SideOf(set, pair.left), Side::kLeft);
  }
}

TEST_P(EverySet, HasBonesThatFormATreeFromTheRoot) {
  const JointSet& set = GetParam();
  std::set<int> reached = {set.root};
  for (const Bone& bone : set.bones) {
    EXPECT_TRUE(reached.contains(bone.parent)) << set.joints[bone.child];
    EXPECT_TRUE(reached.insert(bone.child).second) << set.joints[bone.child];
  }
  // Only Human3.6M's added Thorax, a midpoint, hangs on no bone.
  EXPECT_EQ(reached.size(), set.joints.size() - (set.name == "human36m" ? 1 : 0));
}

TEST_P(EverySet, HasTheSameLengthsOnBothSides) {
  const JointSet& set = GetParam();
  const std::vector<int> mirror = MirrorMap(set);
  for (const Bone& bone : set.bones) {
    const auto twin = std::ranges::find_if(set.bones, [&](const Bone& other) {
      return other.parent == mirror[bone.parent] && other.child == mirror[bone.child];
    });
    ASSERT_NE(twin, set.bones.end());
    EXPECT_EQ(twin->segment.stature_share, bone.segment.stature_share);
  }
}

TEST_P(EverySet, StandsAsTallAsAPersonUpToTheShoulders) {
  const JointSet& set = GetParam();
  const auto share_to = [&](std::string_view child) {
    return std::ranges::find_if(set.bones,
                                [&](const Bone& b) { return set.joints[b.child] == child; })
        ->segment.stature_share;
  };
  double trunk = 0;
  for (const std::string_view joint : {"Torso", "Spine", "Neck", "Thorax"}) {
    for (const Bone& bone : set.bones) {
      if (set.joints[bone.child] == joint) trunk += bone.segment.stature_share;
    }
  }
  constexpr double ankle_height = 0.039;  // Drillis and Contini, as their shoulder height 0.818.
  EXPECT_NEAR(ankle_height + share_to("L_Ankle") + share_to("L_Knee") + trunk, 0.818, 1e-9);
}

TEST_P(EverySet, IsFoundByName) {
  const auto found = FindJointSet(GetParam().name);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)->name, GetParam().name);
}

TEST(JointSet, ThePublishedSetIsSpecs) {
  const JointSet& set = Human36m();
  EXPECT_EQ(set.size(), 18);
  EXPECT_EQ(set.joints[10], "Head");
  EXPECT_EQ(set.joints[17], "Thorax");
  EXPECT_EQ(set.bones.size(), 16U);
  EXPECT_EQ(MirrorMap(set),
            (std::vector<int>{0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13, 17}));
  EXPECT_EQ(SideOf(set, set.bones[5]), Side::kLeft);  // shoulder to elbow
  EXPECT_EQ(SideOf(set, set.bones[1]), Side::kMiddle);
}

TEST(JointSet, UnknownNameListsTheKnown) {
  const auto found = FindJointSet("human37m");
  ASSERT_FALSE(found.ok());
  EXPECT_THAT(found.error().message, HasSubstr("\"human37m\""));
  EXPECT_THAT(found.error().message, HasSubstr("human36m, human36m-17, muco, mupots, mpii, coco"));
}

TEST(JointSet, SizeTellsTheSetWhereOnlyOneHasIt) {
  EXPECT_EQ(JointSetOfSize(16)->name, "mpii");
  EXPECT_EQ(JointSetOfSize(17), nullptr);
  EXPECT_EQ(JointSetOfSize(18)->name, "human36m");
  EXPECT_EQ(JointSetOfSize(19)->name, "coco");
  EXPECT_EQ(JointSetOfSize(20), nullptr);
  EXPECT_EQ(JointSetOfSize(21)->name, "muco");
}

}  // namespace
}  // namespace cnp::pose
