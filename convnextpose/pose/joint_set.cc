#include "convnextpose/pose/joint_set.h"

#include <array>
#include <string>

namespace cnp::pose {
namespace {

// Legs, forearm and trunk (hip at 0.530 of the height, shoulder at 0.818): Drillis and Contini,
// "Body segment parameters", 1966, as drawn in Winter, "Biomechanics and motor control of human
// movement", fig. 4.1. Their upper arm begins at the shoulder's top and their breadths are outer
// ones. Between joint centres the upper arm is 0.161 (de Leva, Journal of Biomechanics 29, 1996:
// men 282 of 1741 mm); for the half widths of hips and shoulders, rounded means of
// motion-capture skeletons.
constexpr double kHipToShoulder = 0.818 - 0.530;
constexpr Segment kTrunk = {kHipToShoulder, true};
constexpr Segment kLowerTrunk = {kHipToShoulder / 2, true};  // The torso joint lies half way up.
constexpr Segment kUpperTrunk = {kHipToShoulder / 2, true};
constexpr Segment kThigh = {0.245, true};
constexpr Segment kShank = {0.246, true};
constexpr Segment kUpperArm = {0.161, false};
constexpr Segment kForearm = {0.146, false};
constexpr Segment kHalfHips = {0.07, false};
constexpr Segment kHalfShoulders = {0.10, false};

constexpr std::array<std::string_view, 18> kHuman36mJoints = {
    "Pelvis",  "R_Hip",   "R_Knee",     "R_Ankle", "L_Hip",   "L_Knee",
    "L_Ankle", "Torso",   "Neck",       "Nose",    "Head",    "L_Shoulder",
    "L_Elbow", "L_Wrist", "R_Shoulder", "R_Elbow", "R_Wrist", "Thorax"};
constexpr std::array<Bone, 16> kHuman36mBones = {{{0, 7, kLowerTrunk},
                                                  {7, 8, kUpperTrunk},
                                                  {8, 9},
                                                  {9, 10},
                                                  {8, 11, kHalfShoulders},
                                                  {11, 12, kUpperArm},
                                                  {12, 13, kForearm},
                                                  {8, 14, kHalfShoulders},
                                                  {14, 15, kUpperArm},
                                                  {15, 16, kForearm},
                                                  {0, 1, kHalfHips},
                                                  {1, 2, kThigh},
                                                  {2, 3, kShank},
                                                  {0, 4, kHalfHips},
                                                  {4, 5, kThigh},
                                                  {5, 6, kShank}}};
constexpr std::array<FlipPair, 6> kHuman36mFlips = {
    {{1, 4}, {2, 5}, {3, 6}, {14, 11}, {15, 12}, {16, 13}}};

// MuPoTS-3D has the first 17 joints, MuCo-3DHP all.
constexpr std::array<std::string_view, 21> kMucoJoints = {
    "Head_top", "Thorax", "R_Shoulder", "R_Elbow", "R_Wrist", "L_Shoulder", "L_Elbow",
    "L_Wrist",  "R_Hip",  "R_Knee",     "R_Ankle", "L_Hip",   "L_Knee",     "L_Ankle",
    "Pelvis",   "Spine",  "Head",       "R_Hand",  "L_Hand",  "R_Toe",      "L_Toe"};
constexpr std::array<Bone, 20> kMucoBones = {{{14, 15, kLowerTrunk},
                                              {15, 1, kUpperTrunk},
                                              {1, 16},
                                              {16, 0},
                                              {1, 2, kHalfShoulders},
                                              {2, 3, kUpperArm},
                                              {3, 4, kForearm},
                                              {1, 5, kHalfShoulders},
                                              {5, 6, kUpperArm},
                                              {6, 7, kForearm},
                                              {14, 8, kHalfHips},
                                              {8, 9, kThigh},
                                              {9, 10, kShank},
                                              {14, 11, kHalfHips},
                                              {11, 12, kThigh},
                                              {12, 13, kShank},
                                              {4, 17},
                                              {7, 18},
                                              {10, 19},
                                              {13, 20}}};
constexpr std::array<FlipPair, 8> kMucoFlips = {
    {{2, 5}, {3, 6}, {4, 7}, {8, 11}, {9, 12}, {10, 13}, {17, 18}, {19, 20}}};

constexpr std::array<std::string_view, 16> kMpiiJoints = {
    "R_Ankle", "R_Knee", "R_Hip",   "L_Hip",   "L_Knee",     "L_Ankle",    "Pelvis",  "Thorax",
    "Neck",    "Head",   "R_Wrist", "R_Elbow", "R_Shoulder", "L_Shoulder", "L_Elbow", "L_Wrist"};
constexpr std::array<Bone, 15> kMpiiBones = {{{6, 7, kTrunk},
                                              {7, 8},
                                              {8, 9},
                                              {7, 12, kHalfShoulders},
                                              {12, 11, kUpperArm},
                                              {11, 10, kForearm},
                                              {7, 13, kHalfShoulders},
                                              {13, 14, kUpperArm},
                                              {14, 15, kForearm},
                                              {6, 2, kHalfHips},
                                              {2, 1, kThigh},
                                              {1, 0, kShank},
                                              {6, 3, kHalfHips},
                                              {3, 4, kThigh},
                                              {4, 5, kShank}}};
constexpr std::array<FlipPair, 6> kMpiiFlips = {
    {{0, 5}, {1, 4}, {2, 3}, {10, 15}, {11, 14}, {12, 13}}};

constexpr std::array<std::string_view, 19> kCocoJoints = {
    "Nose",    "L_Eye",   "R_Eye",   "L_Ear",   "R_Ear", "L_Shoulder", "R_Shoulder",
    "L_Elbow", "R_Elbow", "L_Wrist", "R_Wrist", "L_Hip", "R_Hip",      "L_Knee",
    "R_Knee",  "L_Ankle", "R_Ankle", "Thorax",  "Pelvis"};
constexpr std::array<Bone, 18> kCocoBones = {{{18, 17, kTrunk},
                                              {17, 0},
                                              {0, 1},
                                              {1, 3},
                                              {0, 2},
                                              {2, 4},
                                              {17, 5, kHalfShoulders},
                                              {5, 7, kUpperArm},
                                              {7, 9, kForearm},
                                              {17, 6, kHalfShoulders},
                                              {6, 8, kUpperArm},
                                              {8, 10, kForearm},
                                              {18, 11, kHalfHips},
                                              {11, 13, kThigh},
                                              {13, 15, kShank},
                                              {18, 12, kHalfHips},
                                              {12, 14, kThigh},
                                              {14, 16, kShank}}};
constexpr std::array<FlipPair, 8> kCocoFlips = {
    {{2, 1}, {4, 3}, {6, 5}, {8, 7}, {10, 9}, {12, 11}, {14, 13}, {16, 15}}};

// The smaller sets are the first joints and bones of the larger ones.
template <typename T, std::size_t N>
constexpr std::span<const T> First(const std::array<T, N>& all, std::size_t count) {
  return std::span<const T>(all).first(count);
}

constexpr std::array<JointSet, 6> kSets = {{
    {"human36m", "Human3.6M and Thorax", kHuman36mJoints, kHuman36mBones, kHuman36mFlips, 0},
    {"human36m-17", "Human3.6M", First(kHuman36mJoints, 17), kHuman36mBones, kHuman36mFlips, 0},
    {"muco", "MuCo-3DHP", kMucoJoints, kMucoBones, kMucoFlips, 14},
    {"mupots", "MuPoTS-3D", First(kMucoJoints, 17), First(kMucoBones, 16), First(kMucoFlips, 6),
     14},
    {"mpii", "MPII", kMpiiJoints, kMpiiBones, kMpiiFlips, 6},
    {"coco", "COCO, Thorax and Pelvis", kCocoJoints, kCocoBones, kCocoFlips, 18},
}};

}  // namespace

const JointSet& Human36m() { return kSets[0]; }

std::span<const JointSet> JointSets() { return kSets; }

Result<const JointSet*> FindJointSet(std::string_view name) {
  std::string known;
  for (const JointSet& set : kSets) {
    if (set.name == name) return &set;
    known += (known.empty() ? "" : ", ") + std::string(set.name);
  }
  return Error{"unknown joint set \"" + std::string(name) + "\"; known are " + known};
}

const JointSet* JointSetOfSize(int joints) {
  const JointSet* found = nullptr;
  for (const JointSet& set : kSets) {
    if (set.size() != joints) continue;
    if (found != nullptr) return nullptr;
    found = &set;
  }
  return found;
}

Side SideOf(const JointSet& set, int joint) {
  const std::string_view name = set.joints[static_cast<std::size_t>(joint)];
  if (name.starts_with("L_")) return Side::kLeft;
  if (name.starts_with("R_")) return Side::kRight;
  return Side::kMiddle;
}

Side SideOf(const JointSet& set, const Bone& bone) { return SideOf(set, bone.child); }

std::vector<int> MirrorMap(const JointSet& set) {
  std::vector<int> mirror(set.joints.size());
  for (int j = 0; j < set.size(); ++j) mirror[j] = j;
  for (const FlipPair& pair : set.flip_pairs) {
    mirror[pair.right] = pair.left;
    mirror[pair.left] = pair.right;
  }
  return mirror;
}

}  // namespace cnp::pose
