// A network that `bench` measures, with the pictures it is fed.
#pragma once

#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"

namespace cnp::cli {

struct BenchSubject {
  model::Spec spec;
  model::Weights weights;         ///< BatchNorm unfolded.
  convert::FoldedNetwork folded;  ///< The same, as our engine takes it.
  std::string source;             ///< For people: the weights' file, or that they are generated.
};

/// Weights that are generated, always the same, with the statistics of trained ones.
BenchSubject SyntheticSubject(const model::Spec& spec);
/// Errors: those of convert::LoadNetwork.
Result<BenchSubject> LoadSubject(const std::string& path);

/// [batch, height, width, 3], normalised, always the same.
std::vector<float> BenchPictures(const model::Spec& spec, int batch);

}  // namespace cnp::cli
