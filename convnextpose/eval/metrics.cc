#include "convnextpose/eval/metrics.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "convnextpose/base/check.h"
#include "convnextpose/eval/align.h"

namespace cnp::eval {
namespace {

using pose::IsFinite;
using pose::Vec2;
using pose::Vec3;
using pose::operator-;  // NOLINT(misc-unused-using-decls): clang-tidy 14 overlooks operators.

constexpr std::size_t kLeastToAlign = 3;
constexpr std::size_t kLeastRootRelative = 2;
constexpr int kJointsOf3dhp = 14;  // Head_top to L_Ankle.

/// The joints of both poses that count.
struct Pair {
  std::vector<Vec3> predicted;
  std::vector<Vec3> truth;

  [[nodiscard]] std::size_t size() const { return truth.size(); }
};

// Not std::hypot: g++ 12's answers 0 to (0, 0, NaN).
double Distance(const Vec3& a, const Vec3& b) {
  const Vec3 d = a - b;
  return std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

double MeanDistance(const Pair& pair) {
  double sum = 0;
  for (std::size_t i = 0; i < pair.size(); ++i) sum += Distance(pair.predicted[i], pair.truth[i]);
  const double mean = sum / static_cast<double>(pair.size());
  return std::isfinite(mean) ? mean : kUnknown;
}

// After `transform`, over the joints of `pair`.
double MeanDistance(const std::optional<Transform>& transform, Pair pair) {
  if (!transform || pair.size() == 0) return kUnknown;
  for (Vec3& joint : pair.predicted) joint = (*transform)(joint);
  return MeanDistance(pair);
}

/// One person, seen in the ways that the metrics need.
class Scorer {
 public:
  Scorer(const pose::JointSet& set, std::span<const Vec3> predicted, std::span<const Vec3> truth,
         std::span<const std::uint8_t> valid)
      : root_(static_cast<std::size_t>(set.root)),
        predicted_(predicted),
        truth_(truth),
        valid_(valid),
        scored_(ScoredJoints(set)) {}

  [[nodiscard]] Errors3d Score() const {
    Errors3d errors;
    errors.joint_mm = JointErrors();
    const Pair scored = Valid(scored_);
    std::vector<int> all(truth_.size());
    for (std::size_t j = 0; j < all.size(); ++j) all[j] = static_cast<int>(j);
    const Pair every = Valid(all);
    if (every.size() >= kLeastToAlign) {
      errors.pa_mpjpe_rigid_mm = MeanDistance(AlignRigid(every.predicted, every.truth), scored);
    }
    if (scored.size() >= kLeastToAlign) {
      errors.pa_mpjpe_mm = MeanDistance(AlignSimilarity(scored.predicted, scored.truth), scored);
    }
    if (!IsValid(root_)) return errors;
    const double mrpe = Distance(predicted_[root_], truth_[root_]);
    errors.mrpe_mm = std::isfinite(mrpe) ? mrpe : kUnknown;
    if (scored.size() < kLeastRootRelative) return errors;
    Pair relative = RootRelative(scored);
    errors.mpjpe_mm = MeanDistance(relative);
    if (const auto scale = AlignScale(relative.predicted, relative.truth)) {
      errors.n_mpjpe_mm = MeanDistance(Transform{.scale = *scale}, std::move(relative));
    }
    return errors;
  }

 private:
  [[nodiscard]] bool IsValid(std::size_t joint) const {
    return valid_.empty() || valid_[joint] != 0;
  }

  [[nodiscard]] Pair Valid(const std::vector<int>& joints) const {
    Pair pair;
    for (const int joint : joints) {
      const auto j = static_cast<std::size_t>(joint);
      if (!IsValid(j)) continue;
      pair.predicted.push_back(predicted_[j]);
      pair.truth.push_back(truth_[j]);
    }
    return pair;
  }

  [[nodiscard]] Pair RootRelative(Pair pair) const {
    for (Vec3& joint : pair.predicted) joint = joint - predicted_[root_];
    for (Vec3& joint : pair.truth) joint = joint - truth_[root_];
    return pair;
  }

  [[nodiscard]] std::vector<double> JointErrors() const {
    std::vector<double> errors;
    for (const int joint : scored_) {
      const auto j = static_cast<std::size_t>(joint);
      double error = kUnknown;
      if (IsValid(j) && IsValid(root_)) {
        error = Distance(predicted_[j] - predicted_[root_], truth_[j] - truth_[root_]);
      }
      errors.push_back(std::isfinite(error) ? error : kUnknown);
    }
    return errors;
  }

  std::size_t root_;
  std::span<const Vec3> predicted_;
  std::span<const Vec3> truth_;
  std::span<const std::uint8_t> valid_;
  std::vector<int> scored_;
};

}  // namespace

std::vector<int> ScoredJoints(const pose::JointSet& set) {
  std::vector<int> scored;
  for (int j = 0; j < set.size(); ++j) {
    const bool made_up = set.name == pose::Human36m().name && set.joints[j] == "Thorax";
    if (!made_up) scored.push_back(j);
  }
  return scored;
}

std::vector<int> PckJoints(const pose::JointSet& set) {
  std::vector<int> joints = ScoredJoints(set);
  if (set.name == "muco" || set.name == "mupots") joints.resize(kJointsOf3dhp);
  return joints;
}

Errors3d Score3d(const pose::JointSet& set, std::span<const Vec3> predicted_mm,
                 std::span<const Vec3> truth_mm, std::span<const std::uint8_t> valid) {
  CNP_CHECK(predicted_mm.size() == set.joints.size() && truth_mm.size() == set.joints.size(),
            "both poses have the set's joints");
  CNP_CHECK(valid.empty() || valid.size() == set.joints.size(), "valid has the set's joints");
  return Scorer(set, predicted_mm, truth_mm, valid).Score();
}

std::vector<double> Score2d(std::span<const Vec2> predicted_px, std::span<const Vec2> truth_px,
                            std::span<const std::uint8_t> visible, const pose::Box& network_box) {
  CNP_CHECK(predicted_px.size() == truth_px.size(), "each joint has a counterpart");
  CNP_CHECK(visible.empty() || visible.size() == truth_px.size(), "visible has an entry a joint");
  CNP_CHECK(network_box.w > 0, "the network box has a width");
  std::vector<double> shares(truth_px.size(), kUnknown);
  for (std::size_t j = 0; j < shares.size(); ++j) {
    if (!visible.empty() && visible[j] == 0) continue;
    if (!IsFinite(truth_px[j])) continue;
    const double px =
        std::hypot(predicted_px[j][0] - truth_px[j][0], predicted_px[j][1] - truth_px[j][1]);
    const double share = px / network_box.w;
    shares[j] = std::isfinite(share) ? std::min(share, kLostShare) : kLostShare;
  }
  return shares;
}

}  // namespace cnp::eval
