// How far a predicted person is from the labelled one (spec 4-datasets, "Evaluation"). Pure maths:
// anyone's predictions can be scored.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "convnextpose/pose/box.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::eval {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Errors of one person in space, in mm. Root-relative: each pose minus its own root joint.
struct Errors3d {
  std::vector<double> joint_mm;         ///< Root-relative distance by joint of ScoredJoints.
  double mpjpe_mm = kUnknown;           ///< Mean of joint_mm.
  double pa_mpjpe_rigid_mm = kUnknown;  ///< After rotation and translation, found over all joints
                                        ///< of the set, scored or not: the paper's "PA MPJPE".
  double pa_mpjpe_mm = kUnknown;        ///< After rotation, translation and scale, over the scored
                                        ///< joints: the field's PA-MPJPE. Never a reflection.
  double n_mpjpe_mm = kUnknown;         ///< Root-relative, after scaling alone.
  double mrpe_mm = kUnknown;            ///< Distance of the roots in camera space.
};

/// Joints that count: all but "Thorax" for Human36m(), all for other sets.
std::vector<int> ScoredJoints(const pose::JointSet& set);

/// The scored joints that 3DPCK and AUC count: MPI-INF-3DHP's 14 for Muco and MuPoTS, else all
/// scored.
std::vector<int> PckJoints(const pose::JointSet& set);

/// Camera space, mm; both of set.size() joints. Joints with valid[j] == 0 count nowhere (valid
/// empty: all count). What needs more joints than are valid, or a number that is not finite, is
/// kUnknown: an alignment needs three joints, a root-relative mean the root and one more.
Errors3d Score3d(const pose::JointSet& set, std::span<const pose::Vec3> predicted_mm,
                 std::span<const pose::Vec3> truth_mm, std::span<const std::uint8_t> valid = {});

/// The largest share that Score2d answers, also where the prediction is not finite: surely missed.
inline constexpr double kLostShare = 1000;

/// Distance in the picture by joint, as a share of the network box's width; NaN where the truth is
/// not visible or not finite (visible empty: all are). Precondition: a box of positive width, spans
/// of one length.
std::vector<double> Score2d(std::span<const pose::Vec2> predicted_px,
                            std::span<const pose::Vec2> truth_px,
                            std::span<const std::uint8_t> visible, const pose::Box& network_box);

}  // namespace cnp::eval
