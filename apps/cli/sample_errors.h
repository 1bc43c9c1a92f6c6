// Predictions whose errors are known beforehand, for `dataset sample`: each pose of the truth
// moved, turned, scaled or mirrored, and what an evaluation must say of that, by formulas of its
// own: no alignment is searched for, and nothing of cnp::eval is used.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "convnextpose/pose/vec.h"

namespace cnp::cli {

inline constexpr std::size_t kSampleJoints =
    18;  // pose::Human36m(): root 0, Thorax last, not scored.

/// Root-relative, mm, and the root in camera space.
struct SamplePrediction {
  std::array<pose::Vec3, kSampleJoints> joints_mm{};
  pose::Vec3 root_mm{};
};

/// Means over people; names as in the results of `eval`.
struct KnownErrors {
  double mpjpe_mm = 0;
  double pa_mpjpe_rigid_mm = 0;
  double pa_mpjpe_mm = 0;
  double n_mpjpe_mm = 0;
  double mrpe_mm = 0;
};

struct SampleError {
  std::string_view name;  ///< "rotated"
  std::string_view what;  ///< For people.
  SamplePrediction (*apply)(const SamplePrediction& truth);
  KnownErrors (*errors)(const SamplePrediction& truth);  ///< Of one person.
};

/// truth, offset, rotated, scaled, mirrored.
std::span<const SampleError> SampleErrors();

/// Zeros for nobody.
KnownErrors MeanErrors(const SampleError& error, std::span<const SamplePrediction> truths);

}  // namespace cnp::cli
