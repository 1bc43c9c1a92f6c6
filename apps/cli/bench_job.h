// The work of `bench`: every case of a plan, one after the other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/cli/bench_report.h"
#include "apps/cli/bench_runner.h"
#include "convnextpose/engine/precision.h"
#include "convnextpose/model/spec.h"

namespace cnp::cli {

/// Measures every network with every number of threads, batch and precision.
struct BenchPlan {
  std::vector<model::Spec> variants;  ///< With generated weights.
  std::vector<std::string> weights;   ///< Files, after these.
  std::vector<int> threads;
  std::vector<int> batches;
  std::vector<engine::Precision> precisions;
  Schedule schedule;
  bool layers = false;
  std::vector<std::string> peers;  ///< Of PeerNames().
  std::filesystem::path peers_folder;
};

/// Shows its progress on stderr, and tells there of what could not be measured.
BenchReport RunBench(const BenchPlan& plan);

}  // namespace cnp::cli
