// The tables of an evaluation: means over persons, as a whole and by action, subject, camera and
// joint, and how sure they are.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/eval/bootstrap.h"
#include "convnextpose/eval/metrics.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::eval {

/// Means over persons (metrics.h says of what) and shares of joints, 0 to 1. kUnknown without data.
struct Metrics {
  double mpjpe_mm = kUnknown;
  double pa_mpjpe_rigid_mm = kUnknown;
  double pa_mpjpe_mm = kUnknown;
  double n_mpjpe_mm = kUnknown;
  double mrpe_mm = kUnknown;
  double pck3d_150 = kUnknown;  ///< Share of PckJoints nearer than 150 mm, root-relative.
  double auc = kUnknown;        ///< Mean of that share over 0, 5, ..., 150 mm, as MPI-INF-3DHP has
                                ///< it: 30/31 is the best there is.
  double pck2d_5 = kUnknown;    ///< Share of labelled joints within 5 % of the network box's width.
  double pck2d_10 = kUnknown;
  double pck2d_20 = kUnknown;
};

/// The metrics as a list: for tables, files and resampling.
struct MetricInfo {
  std::string_view name;  ///< In files: "mpjpe_mm".
  double Metrics::*value;
  bool share;  ///< 0 to 1, more is better; else mm, less is better.
};
inline constexpr std::array<MetricInfo, 10> kMetrics = {{
    {"mpjpe_mm", &Metrics::mpjpe_mm, false},
    {"pa_mpjpe_rigid_mm", &Metrics::pa_mpjpe_rigid_mm, false},
    {"pa_mpjpe_mm", &Metrics::pa_mpjpe_mm, false},
    {"n_mpjpe_mm", &Metrics::n_mpjpe_mm, false},
    {"mrpe_mm", &Metrics::mrpe_mm, false},
    {"pck3d_150", &Metrics::pck3d_150, true},
    {"auc", &Metrics::auc, true},
    {"pck2d_5", &Metrics::pck2d_5, true},
    {"pck2d_10", &Metrics::pck2d_10, true},
    {"pck2d_20", &Metrics::pck2d_20, true},
}};
using Parts = std::array<Part, kMetrics.size()>;          ///< In the order of kMetrics.
using Intervals = std::array<Interval, kMetrics.size()>;  ///< In the order of kMetrics.

/// Those of one action, subject or camera.
struct Group {
  int id = -1;       ///< As the dataset counts.
  std::string name;  ///< "Walking"; the id where there is none.
  std::size_t samples = 0;
  Metrics metrics;
};

/// One joint, over all persons.
struct JointErrors {
  std::string name;
  double mean_mm = kUnknown;  ///< Root-relative; unknown for joints that are not scored.
  double pck3d_150 = kUnknown;
  double pck2d_5 = kUnknown;
  double pck2d_10 = kUnknown;
  double pck2d_20 = kUnknown;
};

struct Summary {
  std::size_t samples = 0;     ///< Persons,
  std::size_t samples_3d = 0;  ///< of these, with an MPJPE,
  std::size_t samples_2d = 0;  ///< and with a joint labelled in the picture.
  Metrics metrics;
  /// 95 %, if other persons of the same kind had been drawn.
  Intervals intervals;
  /// The same for whole sequences, which is wider, for neighbouring pictures err alike. A sequence
  /// is a motion of a subject, seen by all cameras (or what lies in one folder, where nothing is
  /// known of the motion). Unknown where there are fewer than kLeastSequences.
  Intervals sequence_intervals;
  std::size_t sequences = 0;
  std::vector<Group> per_action;  ///< By id; those without one are in none.
  std::vector<Group> per_subject;
  std::vector<Group> per_camera;
  std::vector<JointErrors> per_joint;  ///< In the set's order.
  /// Ankles, knees, hips, wrists, elbows, shoulders and head alone, all labelled ones alike: what
  /// most sets have, without the joints of the trunk, which are easier. Nameless where the joint
  /// set has not all of these 13.
  JointErrors limbs_and_head;
  double frames_per_second = kUnknown;  ///< Filled by who measured it.
};
inline constexpr std::size_t kLeastSequences = 5;

struct SummaryOptions {
  std::vector<std::string> actions;  ///< Names by Record::action, as Dataset::actions.
  int resamples = 1000;              ///< 0: no intervals.
  std::uint64_t seed = 1;
};

/// What one person adds to each metric.
Parts PartsOf(const Record& record, const pose::JointSet& set);

/// Where the person's picture comes from: equal for pictures of one motion.
std::string SequenceOf(const Record& record);

/// Precondition: each record's joint_mm is empty or has an entry a joint of ScoredJoints(set), its
/// joint_share is empty or has one a joint of the set.
Summary Summarise(std::span<const Record> records, const pose::JointSet& set,
                  const SummaryOptions& options = {});

}  // namespace cnp::eval
