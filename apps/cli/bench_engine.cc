#include "apps/cli/bench_engine.h"

#include <chrono>

namespace cnp::cli {

EngineRunner::EngineRunner(const BenchSubject& subject, engine::Precision precision, int threads,
                           int batch)
    : network_(subject.folded.layers, subject.folded.weights, precision),
      pool_(threads),
      session_(network_, pool_, batch),
      batch_(batch),
      pictures_(BenchPictures(subject.spec, batch)),
      joints_(static_cast<std::size_t>(batch) * subject.spec.joints) {}

Result<Turn> EngineRunner::Run(int runs) {
  using Clock = std::chrono::steady_clock;
  Turn turn;
  for (int i = 0; i < runs; ++i) {
    const Clock::time_point start = Clock::now();
    session_.Run(pictures_, batch_, joints_);
    const std::chrono::duration<double, std::milli> ms = Clock::now() - start;
    turn.ms.push_back(ms.count());
  }
  for (const engine::JointEstimate& joint : joints_) {
    turn.coordinates.insert(turn.coordinates.end(), std::begin(joint.mean), std::end(joint.mean));
  }
  return turn;
}

std::vector<LayerTime> EngineRunner::LayerTimes(int runs) {
  engine::Profile profile;
  session_.SetProfile(&profile);
  for (int i = 0; i < runs; ++i) session_.Run(pictures_, batch_, joints_);
  session_.SetProfile(nullptr);
  const std::vector<double> seconds = profile.Seconds();
  std::vector<LayerTime> times;
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const engine::TimedLayer& layer = network_.timed_layers()[i];
    times.push_back({layer.name, layer.macs * batch_, seconds[i] / runs});
  }
  return times;
}

}  // namespace cnp::cli
