// A network over a dataset: pictures in, errors of people out.
#pragma once

#include <cstddef>
#include <vector>

#include "apps/cli/eval_journal.h"
#include "apps/cli/team.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/engine/network.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::cli {

struct EvalJob {
  const datasets::Dataset* dataset = nullptr;
  const engine::Network* network = nullptr;
  const pose::JointSet* joint_set = nullptr;  ///< Of the network.
  bool flip_test = true;
  int threads = 0;  ///< 0: all cores, shared with the team.
  int batch = 0;    ///< Crops at once, of each thread; 0: as it suits.
};

struct EvalOutcome {
  std::vector<eval::Record> records;  ///< In the order of the samples.
  datasets::Problems left_out;        ///< Those whose picture or box is of no use.
  double frames_per_second = 0;       ///< Of those that were computed in this run.
  std::size_t resumed = 0;            ///< Those that the journal had.
  int threads = 0;                    ///< Of the leader.
  int batch = 0;                      ///< Crops at once, of each thread.
};

/// Every thread of every member of the team takes samples of its own through decoding, crop,
/// network and scoring, so that none waits for another; the result does not depend on their number.
/// `journal` may be null; `answers` (one entry a sample, the same for all members) holds what is
/// done already. The leader's outcome has all samples, the others' none. Errors: the journal cannot
/// be written, joints that do not match.
Result<EvalOutcome> RunEvalJob(const EvalJob& job, Answers answers, Journal* journal, Team& team);

}  // namespace cnp::cli
