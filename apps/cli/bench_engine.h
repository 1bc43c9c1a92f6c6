// Our engine as a thing to time.
#pragma once

#include <unistd.h>

#include <vector>

#include "apps/cli/bench_report.h"
#include "apps/cli/bench_runner.h"
#include "apps/cli/bench_subject.h"
#include "convnextpose/engine/precision.h"
#include "convnextpose/engine/session.h"

namespace cnp::cli {

class EngineRunner : public Runner {
 public:
  EngineRunner(const BenchSubject& subject, engine::Precision precision, int threads, int batch);

  Result<Turn> Run(int runs) override;
  [[nodiscard]] pid_t pid() const override { return ::getpid(); }

  [[nodiscard]] std::size_t WorkspaceBytes() const { return session_.WorkspaceBytes(); }
  /// Of every layer that is timed, in their order: the mean of `runs`, each of a batch.
  std::vector<LayerTime> LayerTimes(int runs);

 private:
  const engine::Network network_;
  ThreadPool pool_;
  engine::Session session_;
  const int batch_;
  const std::vector<float> pictures_;
  std::vector<engine::JointEstimate> joints_;
};

}  // namespace cnp::cli
