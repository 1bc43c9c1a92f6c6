// The work of `predict` over many pictures: reading, the network and writing overlap.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/cli/inputs.h"
#include "convnextpose/pipeline/predictor.h"
#include "convnextpose/pipeline/report.h"

namespace cnp::cli {

struct PredictJob {
  std::vector<Result<Input>> inputs;
  std::vector<pipeline::Subject> subjects;  ///< Of every picture; empty: search.
  int pictures_at_once = 1;
  pipeline::ModelInfo model;
  const pose::JointSet* joint_set = nullptr;
  std::string output_folder;  ///< Empty: none.
  std::string json;           ///< "-": standard output; a path; empty: none.
  bool quiet = false;         ///< No tables on standard output.
};

/// Runs all inputs, in order. What fails is told on stderr, in one line each, and the rest goes on.
/// Returns an ExitCode: failure if any input failed.
int RunPredictJob(const PredictJob& job, pipeline::Predictor& predictor);

}  // namespace cnp::cli
