#include "convnextpose/eval/summary.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "convnextpose/base/check.h"

namespace cnp::eval {
namespace {

constexpr double kPckMm = 150;
constexpr double kAucStepMm = 5;
constexpr int kAucSteps = 31;  // 0, 5, ..., 150 mm
constexpr std::array<double, 3> kShares = {0.05, 0.10, 0.20};
constexpr std::array<std::string_view, 13> kLimbsAndHead = {
    "R_Ankle", "R_Knee",  "R_Hip",      "L_Hip",      "L_Knee",  "L_Ankle", "R_Wrist",
    "R_Elbow", "L_Wrist", "R_Shoulder", "L_Shoulder", "L_Elbow", "Head"};

// Positions in kMetrics.
enum MetricIndex : std::size_t { kMpjpe, kPaRigid, kPa, kN, kMrpe, kPck3d, kAuc, kPck2d };

// The share of AUC's thresholds that the error is below.
double AucOf(double error_mm) {
  int below = 0;
  for (int step = 0; step < kAucSteps; ++step) below += error_mm < step * kAucStepMm ? 1 : 0;
  return static_cast<double>(below) / kAucSteps;
}

void AddMean(double value, Part& part) {
  if (std::isfinite(value)) part += {value, 1};
}

void AddShare(bool inside, Part& part) { part += {inside ? 1.0 : 0.0, 1}; }

void Check(const Record& record, const pose::JointSet& set, std::size_t scored) {
  CNP_CHECK(record.errors.joint_mm.empty() || record.errors.joint_mm.size() == scored,
            "joint_mm has an entry a scored joint");
  CNP_CHECK(record.joint_share.empty() || record.joint_share.size() == set.joints.size(),
            "joint_share has an entry a joint");
}

/// Parts of persons, one list a metric: what Mean and BootstrapMeans take.
class Table {
 public:
  void Add(const Parts& parts) {
    for (std::size_t m = 0; m < parts.size(); ++m) columns_[m].push_back(parts[m]);
  }
  [[nodiscard]] Metrics Means() const {
    Metrics metrics;
    for (std::size_t m = 0; m < kMetrics.size(); ++m)
      metrics.*kMetrics[m].value = Mean(columns_[m]);
    return metrics;
  }
  [[nodiscard]] Intervals Bootstrap(const SummaryOptions& options) const {
    Intervals intervals;
    for (std::size_t m = 0; m < kMetrics.size(); ++m) {
      if (std::isnan(Mean(columns_[m]))) continue;
      intervals[m] = Middle95(BootstrapMeans(columns_[m], options.resamples, options.seed));
    }
    return intervals;
  }
  [[nodiscard]] std::size_t size() const { return columns_[0].size(); }

 private:
  std::array<std::vector<Part>, kMetrics.size()> columns_;
};

std::string NameOf(int id, std::span<const std::string> names) {
  const auto at = static_cast<std::size_t>(id);
  return at < names.size() && !names[at].empty() ? names[at] : std::to_string(id);
}

std::vector<Group> GroupBy(std::span<const Record> records, std::span<const Parts> parts,
                           int Record::*key, std::span<const std::string> names) {
  std::map<int, Table> tables;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].*key >= 0) tables[records[i].*key].Add(parts[i]);
  }
  std::vector<Group> groups;
  groups.reserve(tables.size());
  for (const auto& [id, table] : tables) {
    groups.push_back({id, NameOf(id, names), table.size(), table.Means()});
  }
  return groups;
}

/// One joint's sums over persons.
struct JointParts {
  Part mm;
  Part pck3d;
  std::array<Part, kShares.size()> pck2d;

  void Add(const JointParts& more) {
    mm += more.mm;
    pck3d += more.pck3d;
    for (std::size_t k = 0; k < pck2d.size(); ++k) pck2d[k] += more.pck2d[k];
  }
  [[nodiscard]] JointErrors Means(std::string name) const {
    const auto mean = [](const Part& part) { return Mean({&part, 1}); };
    return {std::move(name), mean(mm), mean(pck3d), mean(pck2d[0]), mean(pck2d[1]), mean(pck2d[2])};
  }
};

void AddJoints(const Record& record, std::span<const int> scored, std::vector<JointParts>& joints) {
  for (std::size_t i = 0; i < record.errors.joint_mm.size(); ++i) {
    const double mm = record.errors.joint_mm[i];
    if (!std::isfinite(mm) || !std::isfinite(record.errors.mpjpe_mm)) continue;
    JointParts& joint = joints[static_cast<std::size_t>(scored[i])];
    AddMean(mm, joint.mm);
    AddShare(mm < kPckMm, joint.pck3d);
  }
  for (std::size_t j = 0; j < record.joint_share.size(); ++j) {
    if (std::isnan(record.joint_share[j])) continue;
    for (std::size_t k = 0; k < kShares.size(); ++k) {
      AddShare(record.joint_share[j] <= kShares[k], joints[j].pck2d[k]);
    }
  }
}

JointErrors LimbsAndHead(std::span<const JointParts> sums, const pose::JointSet& set) {
  JointParts all;
  for (const std::string_view joint : kLimbsAndHead) {
    const auto found = std::ranges::find(set.joints, joint);
    if (found == set.joints.end()) return {};
    all.Add(sums[static_cast<std::size_t>(found - set.joints.begin())]);
  }
  return all.Means("limbs and head (13)");
}

void SummariseJoints(std::span<const Record> records, const pose::JointSet& set, Summary& summary) {
  const std::vector<int> scored = ScoredJoints(set);
  std::vector<JointParts> sums(set.joints.size());
  for (const Record& record : records) AddJoints(record, scored, sums);
  for (std::size_t j = 0; j < sums.size(); ++j) {
    summary.per_joint.push_back(sums[j].Means(std::string(set.joints[j])));
  }
  summary.limbs_and_head = LimbsAndHead(sums, set);
}

Table BySequence(std::span<const Record> records, std::span<const Parts> parts) {
  std::map<std::string, Parts> sequences;
  for (std::size_t i = 0; i < records.size(); ++i) {
    Parts& sums = sequences[SequenceOf(records[i])];
    for (std::size_t m = 0; m < sums.size(); ++m) sums[m] += parts[i][m];
  }
  Table table;
  for (const auto& [name, sums] : sequences) table.Add(sums);
  return table;
}

}  // namespace

std::string SequenceOf(const Record& record) {
  if (record.subject >= 0 && record.action >= 0) {
    return std::to_string(record.subject) + "/" + std::to_string(record.action) + "/" +
           std::to_string(record.subaction);
  }
  const std::size_t slash = record.file.find_last_of('/');
  return slash == std::string::npos ? "" : record.file.substr(0, slash);
}

Parts PartsOf(const Record& record, const pose::JointSet& set) {
  const std::vector<int> scored = ScoredJoints(set);
  Check(record, set, scored.size());
  Parts parts;
  const Errors3d& errors = record.errors;
  AddMean(errors.mpjpe_mm, parts[kMpjpe]);
  AddMean(errors.pa_mpjpe_rigid_mm, parts[kPaRigid]);
  AddMean(errors.pa_mpjpe_mm, parts[kPa]);
  AddMean(errors.n_mpjpe_mm, parts[kN]);
  AddMean(errors.mrpe_mm, parts[kMrpe]);
  const std::vector<int> counted = PckJoints(set);
  for (std::size_t i = 0; i < errors.joint_mm.size() && std::isfinite(errors.mpjpe_mm); ++i) {
    const double mm = errors.joint_mm[i];
    if (!std::isfinite(mm) || !std::ranges::binary_search(counted, scored[i])) continue;
    AddShare(mm < kPckMm, parts[kPck3d]);
    parts[kAuc] += {AucOf(mm), 1};
  }
  for (const double share : record.joint_share) {
    if (std::isnan(share)) continue;
    for (std::size_t k = 0; k < kShares.size(); ++k) {
      AddShare(share <= kShares[k], parts[kPck2d + k]);
    }
  }
  return parts;
}

Summary Summarise(std::span<const Record> records, const pose::JointSet& set,
                  const SummaryOptions& options) {
  std::vector<Parts> parts;
  Table persons;
  Summary summary;
  summary.samples = records.size();
  for (const Record& record : records) {
    parts.push_back(PartsOf(record, set));
    persons.Add(parts.back());
    summary.samples_3d += parts.back()[kMpjpe].weight > 0 ? 1 : 0;
    summary.samples_2d += parts.back()[kPck2d].weight > 0 ? 1 : 0;
  }
  const Table sequences = BySequence(records, parts);
  summary.metrics = persons.Means();
  summary.intervals = persons.Bootstrap(options);
  summary.sequences = sequences.size();
  if (sequences.size() >= kLeastSequences) {
    summary.sequence_intervals = sequences.Bootstrap(options);
  }
  summary.per_action = GroupBy(records, parts, &Record::action, options.actions);
  summary.per_subject = GroupBy(records, parts, &Record::subject, {});
  summary.per_camera = GroupBy(records, parts, &Record::camera, {});
  SummariseJoints(records, set, summary);
  return summary;
}

}  // namespace cnp::eval
