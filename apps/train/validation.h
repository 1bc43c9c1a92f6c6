// How good the weights of the moment are: our own engine on labelled people, as `convnextpose eval`
// runs it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/summary.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"

namespace cnp::train_app {

/// A dataset to judge by, and what it is called in the log.
struct ValidationSet {
  std::string name;
  datasets::Dataset dataset;
};

/// --validate KIND:DIR of all. Errors: those of OpenNamed.
Result<std::vector<ValidationSet>> OpenValidation(const std::vector<std::string>& texts);

struct Judgement {
  std::string set;
  std::size_t samples = 0;
  double mpjpe_mm = eval::kUnknown;  ///< Unknown where nobody's depth is known.
  double pa_mpjpe_mm = eval::kUnknown;
  /// Share of joints within 5 % of the network box: of limbs and head (eval::Summary), where the
  /// set has them, else of all.
  double within_5 = eval::kUnknown;
  double within_10 = eval::kUnknown;
  double within_20 = eval::kUnknown;
};

/// Whether `a` is better than `b`, of one set: by MPJPE where it is known, else by within_10.
bool IsBetter(const Judgement& a, const Judgement& b);

/// `spec`: with the input to judge at. Errors: joints that do not match.
Result<Judgement> Judge(const model::Spec& spec, const model::Weights& weights,
                        const ValidationSet& set, bool mirrored);

}  // namespace cnp::train_app
