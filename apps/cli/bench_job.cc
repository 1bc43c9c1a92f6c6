#include "apps/cli/bench_job.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "apps/cli/bench_engine.h"
#include "apps/cli/bench_machine.h"
#include "apps/cli/bench_peer.h"
#include "apps/cli/bench_subject.h"
#include "apps/cli/command.h"
#include "apps/cli/progress.h"
#include "convnextpose/engine/isa.h"
#include "convnextpose/engine/kernels/peak.h"
#include "convnextpose/model/layers.h"

namespace cnp::cli {
namespace {

// A peer whose f32 answer is further from ours than this computes something else: the bound of
// 1e-3 that we keep, and as much for the sums over 64^3 cells that others do in single precision.
constexpr double kSameAnswerCells = 1e-2;

Difference DifferenceOf(const std::vector<float>& a, const std::vector<float>& b) {
  Difference result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(static_cast<double>(a[i]) - b[i]);
    result.mean += difference / static_cast<double>(a.size());
    // Not max: a NaN is the largest difference of all.
    if (!(difference <= result.largest)) result.largest = difference;
  }
  return result;
}

// What other programs do while some are measured.
class OtherWork {
 public:
  explicit OtherWork(const std::vector<Runner*>& runners) {
    for (const Runner* runner : runners) ours_.insert(runner->pid());
    seconds_ = Seconds();
  }

  /// Seconds of CPU time since the start, over those that there were on all cores.
  [[nodiscard]] double Share(int cores) const {
    const std::chrono::duration<double> elapsed = Clock::now() - start_;
    return std::max(0.0, Seconds() - seconds_) / (elapsed.count() * cores);
  }

 private:
  using Clock = std::chrono::steady_clock;
  [[nodiscard]] double Seconds() const {
    double seconds = CpuSecondsOfAll();
    for (const pid_t process : ours_) seconds -= CpuSeconds(process);
    return seconds;
  }

  std::set<pid_t> ours_;
  double seconds_ = 0;
  const Clock::time_point start_ = Clock::now();
};

// One engine in one case, before it is timed and after.
struct Entry {
  std::string name;
  std::string about;
  std::string precision = "f32";
  std::unique_ptr<Runner> runner;
  EngineRunner* own = nullptr;  // `runner`, where it is ours.
  Timing timing;
  double others = 0;
  std::int64_t peak_memory = 0;
};

class Job {
 public:
  explicit Job(const BenchPlan& plan)
      : plan_(plan),
        cases_per_subject_(plan.threads.size() * plan.batches.size()),
        progress_("measuring", (plan.variants.size() + plan.weights.size()) * cases_per_subject_ *
                                   static_cast<std::size_t>(Rounds(plan.schedule))) {}

  BenchReport Run();

 private:
  void MeasurePeak(int threads);
  void SetPeaks();
  void MeasureSubject(const BenchSubject& subject);
  void MeasureCase(const BenchSubject& subject, const BenchCase& what);
  std::vector<Entry> Entries(const BenchSubject& subject, const BenchCase& what);
  void Report(const BenchCase& what, const std::vector<Entry>& entries,
              const std::vector<float>& truth);
  void ReportRatio(const BenchCase& what, const Entry& own, const Entry& peer);
  void Miss(const BenchCase& what, const std::string& engine, const std::string& reason);

  const BenchPlan& plan_;
  const std::size_t cases_per_subject_;
  Progress progress_;
  std::map<int, double> peaks_;  // By threads; the best of several tries, one before each case.
  std::set<std::string> told_;
  BenchReport report_;
};

BenchReport Job::Run() {
  report_.cpu = CpuName();
  report_.cores = ThreadPool(0).size();
  report_.isa = engine::CurrentIsa();
  MeasurePeak(report_.cores);
  for (const model::Spec& spec : plan_.variants) MeasureSubject(SyntheticSubject(spec));
  for (const std::string& path : plan_.weights) {
    const Result<BenchSubject> subject = LoadSubject(path);
    if (subject.ok()) {
      MeasureSubject(*subject);
    } else {
      Miss({.weights = path}, "convnextpose", subject.error().message);
    }
  }
  SetPeaks();
  return std::move(report_);
}

void Job::MeasurePeak(int threads) {
  ThreadPool pool(threads);
  peaks_[threads] = std::max(peaks_[threads], engine::MeasurePeak(pool));
}

void Job::SetPeaks() {
  report_.peak = peaks_[report_.cores];
  for (BenchResult& result : report_.results) result.what.peak = peaks_[result.what.threads];
}

void Job::MeasureSubject(const BenchSubject& subject) {
  const std::int64_t macs = model::Macs(model::Layers(subject.spec));
  for (const int threads : plan_.threads) {
    for (const int batch : plan_.batches) {
      MeasureCase(subject, {.network = subject.spec.name,
                            .weights = subject.source,
                            .threads = threads,
                            .batch = batch,
                            .macs = macs * batch});
    }
  }
}

void Job::MeasureCase(const BenchSubject& subject, const BenchCase& what) {
  MeasurePeak(what.threads);
  ResetPeakMemory();
  std::vector<Entry> entries = Entries(subject, what);
  std::vector<Runner*> runners;
  runners.reserve(entries.size());
  for (const Entry& entry : entries) runners.push_back(entry.runner.get());
  const OtherWork others(runners);
  std::vector<Timing> timings = Measure(runners, plan_.schedule, [&] { progress_.Advance(); });
  const double share = others.Share(report_.cores);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i].others = share;
    entries[i].timing = std::move(timings[i]);
    entries[i].peak_memory = PeakMemory(entries[i].runner->pid());
  }
  // Only now, for it takes memory.
  EngineRunner f32(subject, engine::Precision::kF32, what.threads, what.batch);
  Report(what, entries, f32.Run(1)->coordinates);
}

std::vector<Entry> Job::Entries(const BenchSubject& subject, const BenchCase& what) {
  std::vector<Entry> entries;
  for (const engine::Precision precision : plan_.precisions) {
    auto own = std::make_unique<EngineRunner>(subject, precision, what.threads, what.batch);
    Entry entry{.name = "convnextpose", .about = CNP_VERSION, .own = own.get()};
    entry.precision = Name(precision);
    entry.runner = std::move(own);
    entries.push_back(std::move(entry));
  }
  for (const std::string& name : plan_.peers) {
    auto peer = Peer::Start(name, plan_.peers_folder, subject, what.threads, what.batch);
    if (!peer.ok()) {
      Miss(what, name, peer.error().message);
      continue;
    }
    Entry entry{.name = name, .about = (*peer)->about()};
    entry.runner = std::move(peer).value();
    entries.push_back(std::move(entry));
  }
  return entries;
}

void Job::Report(const BenchCase& what, const std::vector<Entry>& entries,
                 const std::vector<float>& truth) {
  for (const Entry& entry : entries) {
    if (entry.timing.error) {
      Miss(what, entry.name, entry.timing.error->message);
      continue;
    }
    const Timing& timing = entry.timing;
    BenchResult result{.what = what,
                       .engine = entry.name,
                       .about = entry.about,
                       .precision = entry.precision,
                       .runs = static_cast<int>(timing.ms.size()),
                       .ms = SpreadOf(timing.ms),
                       .difference = DifferenceOf(timing.coordinates, truth),
                       .others = entry.others,
                       .peak_memory = entry.peak_memory};
    if (entry.own != nullptr) {
      result.workspace = static_cast<std::int64_t>(entry.own->WorkspaceBytes());
      if (plan_.layers) result.layers = entry.own->LayerTimes(plan_.schedule.runs);
    } else if (!(result.difference.largest <= kSameAnswerCells)) {
      Miss(what, entry.name,
           "computes something else: " + std::to_string(result.difference.largest) +
               " heatmap cells from our answer");
      continue;
    }
    report_.results.push_back(std::move(result));
    for (const Entry& own : entries) {
      if (entry.own == nullptr && own.own != nullptr) ReportRatio(what, own, entry);
    }
  }
}

void Job::ReportRatio(const BenchCase& what, const Entry& own, const Entry& peer) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < peer.timing.round_medians.size(); ++i) {
    ratios.push_back(own.timing.round_medians[i] / peer.timing.round_medians[i]);
  }
  report_.ratios.push_back({what, own.precision, peer.name, SpreadOf(ratios)});
}

// Tells it once, however many cases it concerns.
void Job::Miss(const BenchCase& what, const std::string& engine, const std::string& reason) {
  report_.gaps.push_back({what, engine, reason});
  progress_.Clear();
  if (told_.insert(engine + reason).second) Warn(engine + ": not measured: " + reason);
}

}  // namespace

BenchReport RunBench(const BenchPlan& plan) { return Job(plan).Run(); }

}  // namespace cnp::cli
