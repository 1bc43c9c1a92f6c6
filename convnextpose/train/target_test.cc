#include "convnextpose/train/target.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "convnextpose/pose/pose.h"
#include "convnextpose/train/augment.h"

namespace cnp::train {
namespace {

constexpr Cells kCells{.input = 128, .heatmap = 16, .depth_bins = 32};

struct Target {
  std::vector<float> target = std::vector<float>(18 * 3);
  std::vector<float> weight = std::vector<float>(18 * 3);
};

Target TargetOf(const Labels& labels, const pose::Affine& map, bool flip = false) {
  Target result;
  SetTarget(labels, map, flip, pose::Human36m(), kCells, result.target, result.weight);
  return result;
}

// Eighteen joints on a slanted line through a picture of 300 pixels.
Labels Someone(bool depth = true) {
  Labels labels;
  for (int j = 0; j < 18; ++j) {
    labels.image_px.push_back({100.0 + 5 * j, 80.0 + 7 * j});
    labels.labelled.push_back(1);
    if (depth) labels.depth_mm.push_back(50.0 * j - 400);
  }
  return labels;
}

int JointOf(const pose::JointSet& set, std::string_view name) {
  for (int j = 0; j < set.size(); ++j) {
    if (set.joints[j] == name) return j;
  }
  return -1;
}

TEST(TargetTest, PutBackThroughTheMapTargetsHitTheLabels) {
  const Labels labels = Someone();
  const pose::Box box{60, 50, 200, 200};
  for (const bool flip : {false, true}) {
    const Look look{.scale = 1.1, .rotation_degrees = 25, .flip = flip};
    const pose::Affine picture_from_crop = PictureFromLook(box, look, kCells.input);
    const Target out = TargetOf(labels, pose::Inverse(picture_from_crop), flip);
    const std::vector<int> mirror = pose::MirrorMap(pose::Human36m());
    int counted = 0;
    for (int j = 0; j < 18; ++j) {
      if (out.weight[3 * j] == 0) continue;
      ++counted;
      const int source = flip ? mirror[j] : j;
      const double pixels = static_cast<double>(kCells.input) / kCells.heatmap;
      const pose::Vec2 at =
          picture_from_crop({out.target[3 * j] * pixels, out.target[3 * j + 1] * pixels});
      EXPECT_NEAR(at[0], labels.image_px[source][0], 1e-3);
      EXPECT_NEAR(at[1], labels.image_px[source][1], 1e-3);
      const pose::Grid grid{kCells.heatmap, kCells.heatmap, kCells.depth_bins};
      EXPECT_NEAR(pose::RelativeDepthMm({0, 0, out.target[3 * j + 2]}, grid),
                  labels.depth_mm[source], 1e-2);
    }
    EXPECT_GE(counted, 15);
  }
}

TEST(TargetTest, AMirroredMirrorImageIsTheOriginal) {
  const Labels labels = Someone();
  const pose::Affine mirror{.xx = -1, .x0 = kCells.input};
  Labels mirrored = labels;
  const std::vector<int> swap = pose::MirrorMap(pose::Human36m());
  for (int j = 0; j < 18; ++j) {
    mirrored.image_px[j] = mirror(labels.image_px[swap[j]]);
    mirrored.depth_mm[j] = labels.depth_mm[swap[j]];
  }
  const Target direct = TargetOf(labels, {});
  const Target twice = TargetOf(mirrored, mirror, true);
  EXPECT_EQ(direct.target, twice.target);
  EXPECT_EQ(direct.weight, twice.weight);
}

TEST(TargetTest, WhatCannotBeKnownCountsNothing) {
  Labels labels = Someone();
  labels.image_px[1] = {-0.01, 50};                               // Left of the crop.
  labels.image_px[2] = {50, 128};                                 // Below it.
  labels.labelled[3] = 0;                                         //
  labels.depth_mm[4] = 1000;                                      // Behind the cube,
  labels.depth_mm[5] = -1000.1;                                   // before it,
  labels.depth_mm[6] = std::numeric_limits<double>::quiet_NaN();  // somewhere.
  for (int j = 0; j < 18; ++j) {
    if (j != 1 && j != 2) labels.image_px[j] = {10.0 + j, 20.0 + j};
  }
  const Target out = TargetOf(labels, {});
  for (int j = 0; j < 18; ++j) {
    const bool none = j >= 1 && j <= 5;
    EXPECT_EQ(out.weight[3 * j], none ? 0 : 1) << j;
    EXPECT_EQ(out.weight[3 * j + 1], none ? 0 : 1) << j;
    EXPECT_EQ(out.weight[3 * j + 2], none || j == 6 ? 0 : 1) << j;
    if (none) {
      EXPECT_EQ(out.target[3 * j], 0);
    }
  }
}

TEST(TargetTest, WithoutDepthOnlyThePlaneCounts) {
  const Target out = TargetOf(Someone(false), {.xx = 0.4, .yy = 0.4});
  for (int j = 0; j < 18; ++j) {
    EXPECT_EQ(out.weight[3 * j], 1);
    EXPECT_EQ(out.weight[3 * j + 1], 1);
    EXPECT_EQ(out.weight[3 * j + 2], 0);
    EXPECT_EQ(out.target[3 * j + 2], 0);
  }
}

TEST(TargetTest, JointsOfOtherSetsAreMatchedByName) {
  const pose::JointSet& mpii = *pose::FindJointSet("mpii").value();
  std::vector<pose::Vec2> image_px;
  std::vector<std::uint8_t> visible;
  for (int j = 0; j < mpii.size(); ++j) {
    image_px.push_back({1.0 * j, 2.0 * j});
    visible.push_back(j == 3 ? 0 : 1);
  }
  const pose::JointSet& ours = pose::Human36m();
  const Labels labels = MatchLabels(mpii, image_px, visible, {}, ours);
  EXPECT_TRUE(labels.depth_mm.empty());
  const int wrist = JointOf(ours, "R_Wrist");
  EXPECT_EQ(labels.image_px[wrist][0], JointOf(mpii, "R_Wrist"));
  EXPECT_EQ(labels.labelled[wrist], 1);
  EXPECT_EQ(labels.labelled[JointOf(ours, "L_Hip")], 0);
  EXPECT_EQ(labels.labelled[JointOf(ours, "Torso")], 0);
  EXPECT_EQ(labels.labelled[JointOf(ours, "Nose")], 0);
}

TEST(TargetTest, DepthIsFromTheRootWhereverItStands) {
  const pose::JointSet& muco = *pose::FindJointSet("muco").value();
  std::vector<pose::Vec2> image_px(muco.joints.size(), {5, 5});
  std::vector<pose::Vec3> camera_mm;
  for (int j = 0; j < muco.size(); ++j) camera_mm.push_back({0, 0, 3000.0 + 10 * j});
  const std::vector<std::uint8_t> visible(muco.joints.size(), 1);
  const pose::JointSet& ours = pose::Human36m();
  const Labels labels = MatchLabels(muco, image_px, visible, camera_mm, ours);
  EXPECT_EQ(labels.depth_mm[ours.root], 0);
  EXPECT_EQ(labels.depth_mm[JointOf(ours, "L_Wrist")],
            10 * (JointOf(muco, "L_Wrist") - JointOf(muco, "Pelvis")));
}

}  // namespace
}  // namespace cnp::train
