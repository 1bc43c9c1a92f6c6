#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "convnextpose/base/check.h"
#include "convnextpose/eval/predictions.h"
#include "convnextpose/eval/score.h"

namespace cnp::eval {
namespace {

using pose::JointSet;
using pose::Vec3;
using pose::operator-;  // NOLINT(misc-unused-using-decls): clang-tidy 14 overlooks operators.

constexpr double kAtOriginMm = 1e-3;
constexpr int kNoJoint = -1;

/// Where a joint comes from: one joint of the source, or the midpoint of two.
struct Source {
  int first = kNoJoint;
  int second = kNoJoint;
};

int Find(const JointSet& set, std::string_view name) {
  const auto found = std::ranges::find(set.joints, name);
  return found == set.joints.end() ? kNoJoint : static_cast<int>(found - set.joints.begin());
}

Source FindSource(const JointSet& from, std::string_view joint) {
  if (const int same = Find(from, joint); same != kNoJoint) return {same, same};
  if (joint == "Thorax") return {Find(from, "L_Shoulder"), Find(from, "R_Shoulder")};
  if (joint == "Pelvis") return {Find(from, "L_Hip"), Find(from, "R_Hip")};
  return {};
}

/// For each joint of `to`; empty if one is missing.
std::vector<Source> FindSources(const JointSet& from, const JointSet& to) {
  std::vector<Source> sources;
  for (const std::string_view joint : to.joints) {
    sources.push_back(FindSource(from, joint));
    if (sources.back().first == kNoJoint || sources.back().second == kNoJoint) return {};
  }
  return sources;
}

/// The set that predictions of so many joints are in, when they can be turned into `to`.
const JointSet* GuessSet(std::size_t joints, const JointSet& to) {
  if (joints == to.joints.size()) return &to;
  for (const JointSet& set : pose::JointSets()) {
    if (set.joints.size() == joints && !FindSources(set, to).empty()) return &set;
  }
  return nullptr;
}

Vec3 Sum(const Vec3& a, const Vec3& b, double factor) {
  return {(a[0] + b[0]) * factor, (a[1] + b[1]) * factor, (a[2] + b[2]) * factor};
}

// Nobody's pelvis is in the camera: a root at the origin says that joints are relative to it.
bool IsRootRelative(const Vec3& root) {
  return std::abs(root[0]) + std::abs(root[1]) + std::abs(root[2]) < kAtOriginMm;
}

pose::Box NetworkBoxOf(const datasets::Sample& sample) {
  if (sample.network_box) return *sample.network_box;
  const auto box = pose::NetworkBox(sample.box, sample.width, sample.height);
  return box.ok() ? *box : sample.box;
}

std::string NameOf(const Prediction& prediction, std::size_t position) {
  return "entry " + std::to_string(position) + ", image_id " + std::to_string(prediction.image_id);
}

/// People and predictions of one image.
struct Crowd {
  std::vector<std::size_t> samples;
  std::vector<std::size_t> predictions;
};

struct Candidate {
  double overlap = 0;
  std::size_t sample = 0;
  std::size_t prediction = 0;
};

/// Every pair, those that overlap most first; equal ones in the order of the files.
std::vector<Candidate> Candidates(const Crowd& crowd, std::span<const Prediction> predictions,
                                  const datasets::Dataset& dataset) {
  std::vector<Candidate> candidates;
  for (const std::size_t s : crowd.samples) {
    const pose::Box box = NetworkBoxOf(dataset.samples[s]);
    for (const std::size_t p : crowd.predictions) {
      candidates.push_back({IntersectionOverUnion(box, predictions[p].bbox), s, p});
    }
  }
  std::ranges::stable_sort(candidates, std::ranges::greater(), &Candidate::overlap);
  return candidates;
}

// More would take a time that grows with the square; no picture has so many people.
constexpr std::size_t kMostPeople = 1000;

void MatchCrowd(const Crowd& crowd, std::span<const Prediction> predictions,
                const datasets::Dataset& dataset, Match& match) {
  Crowd first = crowd;
  first.samples.resize(std::min(first.samples.size(), kMostPeople));
  first.predictions.resize(std::min(first.predictions.size(), kMostPeople));
  std::set<std::size_t> used;
  for (const Candidate& pair : Candidates(first, predictions, dataset)) {
    std::size_t& taken = match.of_sample[pair.sample];
    if (taken != Match::kNone || used.contains(pair.prediction)) continue;
    taken = pair.prediction;
    used.insert(pair.prediction);
  }
  for (const std::size_t p : crowd.predictions) {
    if (used.contains(p)) continue;
    match.doubled.Add({NameOf(predictions[p], p), "its image has fewer people than predictions"});
  }
}

}  // namespace

Result<std::vector<Vec3>> InCameraSpace(const Prediction& prediction, const JointSet& set) {
  const std::size_t joints = prediction.joint_cam.size();
  const JointSet* from = GuessSet(joints, set);
  if (from == nullptr) {
    return Error{"the predictions have " + std::to_string(joints) + " joints, " +
                 std::string(set.title) + " has " + std::to_string(set.size()) +
                 ": they are of another joint set"};
  }
  const std::vector<Vec3>& cam = prediction.joint_cam;
  const bool relative = IsRootRelative(cam[static_cast<std::size_t>(from->root)]);
  const Vec3 root = relative ? prediction.root_cam : Vec3{};
  std::vector<Vec3> camera_mm;
  for (const Source& source : FindSources(*from, set)) {
    const Vec3 middle = Sum(cam[static_cast<std::size_t>(source.first)],
                            cam[static_cast<std::size_t>(source.second)], 0.5);
    camera_mm.push_back(Sum(middle, root, 1));
  }
  return camera_mm;
}

std::vector<Prediction> ToPredictions(std::span<const Record> records, const JointSet& set) {
  std::vector<Prediction> predictions;
  for (const Record& record : records) {
    if (record.camera_mm.empty()) continue;
    CNP_CHECK(record.camera_mm.size() == set.joints.size(), "records hold the set's joints");
    const Vec3 root = record.camera_mm[static_cast<std::size_t>(set.root)];
    Prediction prediction = {record.image_id, {}, record.network_box, root};
    for (const Vec3& joint : record.camera_mm) prediction.joint_cam.push_back(joint - root);
    const bool finite = std::ranges::all_of(prediction.joint_cam,
                                            [](const Vec3& mm) { return pose::IsFinite(mm); });
    if (finite) predictions.push_back(std::move(prediction));
  }
  return predictions;
}

Match MatchPredictions(std::span<const Prediction> predictions, const datasets::Dataset& dataset) {
  Match match;
  match.of_sample.assign(dataset.samples.size(), Match::kNone);
  std::map<std::int64_t, Crowd> images;
  for (std::size_t s = 0; s < dataset.samples.size(); ++s) {
    images[dataset.samples[s].image_id].samples.push_back(s);
  }
  for (std::size_t p = 0; p < predictions.size(); ++p) {
    const auto image = images.find(predictions[p].image_id);
    if (image == images.end()) {
      match.unknown.Add({NameOf(predictions[p], p), "no such image in the dataset"});
    } else {
      image->second.predictions.push_back(p);
    }
  }
  for (const auto& [id, crowd] : images) MatchCrowd(crowd, predictions, dataset, match);
  for (std::size_t s = 0; s < dataset.samples.size(); ++s) {
    if (match.of_sample[s] != Match::kNone) continue;
    const datasets::Sample& sample = dataset.samples[s];
    match.missing.Add(
        {sample.file + ", image_id " + std::to_string(sample.image_id), "has no prediction"});
  }
  return match;
}

Result<std::vector<Record>> ScorePredictions(std::span<const Prediction> predictions,
                                             const Match& match, const datasets::Dataset& dataset) {
  CNP_CHECK(dataset.joints != nullptr, "a dataset has a joint set");
  CNP_CHECK(match.of_sample.size() == dataset.samples.size(), "the match is of this dataset");
  std::vector<Record> records;
  for (std::size_t s = 0; s < dataset.samples.size(); ++s) {
    if (match.of_sample[s] == Match::kNone) continue;
    const Prediction& prediction = predictions[match.of_sample[s]];
    Predicted predicted;
    CNP_ASSIGN(predicted.camera_mm, InCameraSpace(prediction, *dataset.joints));
    predicted.network_box = prediction.bbox;
    records.push_back(ScoreSample(dataset.samples[s], *dataset.joints, std::move(predicted)));
  }
  return records;
}

}  // namespace cnp::eval
