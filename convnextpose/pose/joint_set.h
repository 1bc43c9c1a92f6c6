// Joint sets as data: the names, bones, mirror pairs and root of the skeletons in use
// (spec 3-pose and 4-datasets).
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::pose {

/// What is known of a bone's length in any person (joint_set.cc has the sources).
struct Segment {
  /// Between the joint centres, as a share of the person's height; 0 where the joints are too
  /// loosely defined to say.
  double stature_share = 0;
  /// Legs and trunk, whose ends are found best: root_depth.h measures by them first.
  bool steady = false;
};

struct Bone {
  int parent = 0;  // The end nearer to the root.
  int child = 0;
  Segment segment;
};

struct FlipPair {
  int right = 0;
  int left = 0;
};

enum class Side { kMiddle, kLeft, kRight };

/// A skeleton. All of its memory is static: copies and pointers stay valid for ever.
struct JointSet {
  std::string_view name;  // What FindJointSet takes.
  std::string_view title;
  std::span<const std::string_view> joints;  // "L_..." is left, "R_..." right, all else middle.
  std::span<const Bone> bones;
  std::span<const FlipPair> flip_pairs;
  int root = 0;  // The pelvis.

  [[nodiscard]] int size() const { return static_cast<int>(joints.size()); }
};

/// Human3.6M's 17 joints and Thorax: what the published checkpoints predict.
const JointSet& Human36m();

/// Every known set, the default first.
std::span<const JointSet> JointSets();

/// By name: human36m, human36m-17, muco, mupots, mpii, coco. The error lists the names.
Result<const JointSet*> FindJointSet(std::string_view name);

/// The set of that many joints, or null where there is none (or two: 17 joints may be human36m-17
/// or mupots, so the name is needed).
const JointSet* JointSetOfSize(int joints);

/// Of a joint by its name; a bone belongs to the side of its child.
Side SideOf(const JointSet& set, int joint);
Side SideOf(const JointSet& set, const Bone& bone);

/// For each joint, the joint it becomes in a mirror; its own index in the middle.
std::vector<int> MirrorMap(const JointSet& set);

}  // namespace cnp::pose
