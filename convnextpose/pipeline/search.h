// Finding the person of a picture without a detector: the whole picture is the first guess, and the
// crop is refined from the joints found until it settles.
#pragma once

#include <string>
#include <vector>

#include "convnextpose/pipeline/estimator.h"

namespace cnp::pipeline {

/// Looks at one picture, at least 2 and at most these.
inline constexpr int kMaxRounds = 4;

/// From one look to the next the box may not shrink further than this: in a first look at the whole
/// picture all joints may fall on one small thing, and what is left out once is never seen again.
inline constexpr double kMaxShrink = 0.6;

struct Found {
  bool person = false;  ///< Else nothing person-like was found, and `reason` says why.
  std::string reason;
  pose::Box box;          ///< Around the joints found.
  pose::Box network_box;  ///< What the last round looked at.
  Estimate estimate;      ///< Of the last round.
};

/// One answer a picture, in order. Rounds of all pictures share batches.
std::vector<Found> FindPeople(std::span<const image::ImageView> pictures, Estimator& estimator);

}  // namespace cnp::pipeline
