#include "apps/train/run.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "apps/cli/progress.h"
#include "apps/train/lifting.h"
#include "apps/train/log.h"
#include "apps/train/meter.h"
#include "apps/train/network_source.h"
#include "apps/train/page.h"
#include "apps/train/schedule.h"
#include "apps/train/snapshots.h"
#include "apps/train/sources.h"
#include "apps/train/validation.h"
#include "convnextpose/base/file.h"
#include "convnextpose/train/collective.h"
#include "convnextpose/train/feed.h"

namespace cnp::train_app {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kPageSeconds = 15;
constexpr double kJoinSeconds = 600;  // Processes of a job start minutes apart on busy clusters.

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

train::Cells CellsAt(const model::Spec& spec, int input) {
  return {input, WithInput(spec, input).heatmap_width(), spec.depth_bins};
}

/// One run, from where its folder says it is.
class Runner {
 public:
  Runner(const TrainOptions& options, const std::atomic<bool>& stop)
      : options_(options), stop_(stop), folder_(options.out) {}

  /// False: it was told to stop before there was anything to train.
  Result<bool> Open() {
    std::error_code error;
    if (std::filesystem::exists(StatePath(), error) && !options_.continued) {
      return Error{folder_.string() +
                   " holds a run already: go on with --continue, or give another --out"};
    }
    CNP_ASSIGN(member_, train::MembershipFromEnvironment());
    CNP_ASSIGN(phases_, ParseSchedule(options_.input, options_.epochs));
    CNP_ASSIGN(save_, ParseSaveEvery(options_.save_every));
    CNP_ASSIGN(NetworkSource network, OpenNetwork(options_, phases_.back().input));
    spec_ = network.spec;
    CNP_ASSIGN(sets_, OpenValidation(options_.validate));
    if (member_.world > 1) {
      CNP_ASSIGN(collective_, train::Collective::Join(member_, kJoinSeconds));
    }
    CNP_ASSIGN(const bool open, OpenFeed());
    if (!open) return false;
    train::Recipe recipe = options_.recipe;
    if (options_.optimizer == "muon") recipe.optimizer = train::Optimizer::kMuon;
    recipe.epochs = static_cast<double>(phases_.back().end);
    CNP_ASSIGN(trainer_, train::Trainer::Create(spec_, recipe, feed_->steps_per_epoch(),
                                                network.weights ? &*network.weights : nullptr,
                                                collective_.get()));
    return true;
  }

  /// Takes up what the folder has, or begins it.
  Status Enter(const std::string& config) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (std::filesystem::exists(StatePath(), error)) {
      CNP_RETURN_IF_ERROR(CheckSame());
      CNP_RETURN_IF_ERROR(trainer_->LoadState(StatePath()));
    }
    if (!leads()) return {};
    CNP_RETURN_IF_ERROR(WriteFileAtomically(folder_ / "config.toml", config));
    CNP_RETURN_IF_ERROR(WriteFileAtomically(folder_ / "run.txt", Fingerprint()));
    CNP_ASSIGN(Log log, Log::Open(folder_ / "log.csv", trainer_->step()));
    log_.emplace(std::move(log));
    if (!log_->rows().empty()) seconds_before_ = log_->rows().back().seconds;
    return {};
  }

  Result<Ending> Train() {
    if (leads()) Announce();
    saved_ = paged_ = Clock::now();
    const std::int64_t end = phases_.back().end * feed_->steps_per_epoch();
    bool stopped = false;
    while (trainer_->step() < end && !stopped) {
      if (stop_ || (options_.minutes > 0 && SecondsSince(start_) > 60 * options_.minutes)) {
        trainer_->AskToStop();
      }
      CNP_ASSIGN(stopped, Step());
    }
    if (leads()) CNP_RETURN_IF_ERROR(SaveAll());
    return trainer_->step() < end ? Ending::kStopped : Ending::kDone;
  }

  [[nodiscard]] std::int64_t step() const { return trainer_->step(); }
  /// Of the processes of a training one writes, speaks and judges.
  [[nodiscard]] bool leads() const { return member_.rank == 0; }

 private:
  Result<bool> OpenFeed() {
    CNP_ASSIGN(std::vector<datasets::Dataset> sets, OpenSets(options_));
    CNP_ASSIGN(auto generator, OpenGenerator(options_));
    for (const datasets::Dataset& set : sets) {
      people_ += fmt::format("{} people of {}, ", set.samples.size(), set.name);
    }
    if (generator) people_ += fmt::format("{} rendered, ", options_.rendered_per_epoch);
    const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    const int threads = options_.feed_threads > 0 ? options_.feed_threads : cores;
    input_ = phases_.front().input;
    SetDepths depths;
    if (options_.lift) {
      CNP_ASSIGN(auto lifted, LiftDepths(sets, *generator,
                                         {.folder = folder_,
                                          .seed = options_.recipe.seed,
                                          .people = options_.lift_people,
                                          .threads = threads,
                                          .stop = &stop_,
                                          .collective = collective_.get()}));
      if (!lifted) return false;
      depths = std::move(*lifted);
    }
    CNP_ASSIGN(feed_, train::Feed::Open(
                          std::move(sets), std::move(generator),
                          {.seed = options_.recipe.seed,
                           .batch = options_.batch,
                           .rank = member_.rank,
                           .world = member_.world,
                           .threads = threads,
                           .cells = CellsAt(spec_, input_),
                           .augmentation = options_.augmentation,
                           .rendered_per_epoch = options_.synth ? options_.rendered_per_epoch : 0,
                           .depths = std::move(depths),
                           .cache_bytes = options_.cache_mb << 20}));
    return true;
  }

  [[nodiscard]] std::filesystem::path StatePath() const { return folder_ / "state.safetensors"; }

  /// What a run cannot change on the way without taking other steps than it would have.
  [[nodiscard]] std::string Fingerprint() const {
    return fmt::format("seed {}, {} steps of {} pictures an epoch\n", options_.recipe.seed,
                       feed_->steps_per_epoch(), options_.batch);
  }

  [[nodiscard]] Status CheckSame() const {
    std::ifstream file(folder_ / "run.txt");
    std::stringstream text;
    text << file.rdbuf();
    if (text.str() == Fingerprint()) return {};
    std::string before = text.str();
    std::replace(before.begin(), before.end(), '\n', ' ');
    return Error{fmt::format("{}: the run has {}but data and options now make {}", folder_.string(),
                             before, Fingerprint())};
  }

  void Announce() {
    status_.Clear();
    fmt::print(stderr, "{}: {}{} steps of {} pictures an epoch, {} epochs{}\n",
               spec_.name.empty() ? "network" : spec_.name, people_, feed_->steps_per_epoch(),
               options_.batch, phases_.back().end,
               trainer_->step() > 0 ? fmt::format("; goes on at step {}", trainer_->step()) : "");
    if (feed_->left_out() > 0) {
      fmt::print(stderr, "{} people are left out, for their boxes are of no use\n",
                 feed_->left_out());
    }
  }

  /// Whether to stop: the same for all processes.
  Result<bool> Step() {
    const std::int64_t per_epoch = feed_->steps_per_epoch();
    const Phase& phase = PhaseOf(phases_, trainer_->step() / per_epoch);
    if (phase.input != input_) {
      input_ = phase.input;
      feed_->SetCells(CellsAt(spec_, input_));
    }
    const Clock::time_point begin = Clock::now();
    CNP_ASSIGN(const train::Batch batch, feed_->At(trainer_->step()));
    CNP_ASSIGN(const train::StepReport report, trainer_->Step(batch));
    if (leads()) CNP_RETURN_IF_ERROR(Record(report, SecondsSince(begin)));
    return report.stop;
  }

  Status Record(const train::StepReport& report, double seconds) {
    meter_.Add(static_cast<double>(input_) * input_, seconds);
    means_.Add(report);
    mean_seconds_ += seconds;
    if (status_.Due()) status_.Show(StatusText(report));
    const bool epoch_ends = trainer_->step() % feed_->steps_per_epoch() == 0;
    if (epoch_ends || trainer_->step() % options_.log_every == 0) CNP_RETURN_IF_ERROR(LogMeans());
    if (epoch_ends) return EndEpoch();
    return SaveIsDue() ? Save() : Status();
  }

  [[nodiscard]] LogRow Row() const {
    return {.step = trainer_->step(),
            .epoch = static_cast<double>(trainer_->step()) /
                     static_cast<double>(feed_->steps_per_epoch()),
            .input = input_,
            .seconds = seconds_before_ + SecondsSince(start_)};
  }

  Status LogMeans() {
    const train::StepReport mean = means_.Get();
    LogRow row = Row();
    row.rate = mean.learning_rate;
    row.loss = mean.loss;
    row.error_xy = mean.error_xy;
    row.error_z = mean.error_z;
    row.pictures_per_s = options_.batch * means_.steps() / std::max(mean_seconds_, 1e-9);
    means_ = {};
    mean_seconds_ = 0;
    CNP_RETURN_IF_ERROR(log_->Add(std::move(row)));
    return SecondsSince(paged_) > kPageSeconds ? WritePage() : Status();
  }

  // The state comes last: what happens before it happens again, to the same files, where a run is
  // killed in between.
  Status EndEpoch() {
    const std::int64_t epoch = trainer_->step() / feed_->steps_per_epoch() - 1;
    const model::Spec spec = WithInput(spec_, input_);
    CNP_RETURN_IF_ERROR(WriteSnapshot(folder_, epoch, spec, *trainer_));
    status_.Clear();
    for (const ValidationSet& set : sets_) {
      CNP_ASSIGN(Judgement judgement,
                 Judge(spec, trainer_->Weights(true), set, !options_.no_mirror));
      LogRow row = Row();
      row.judgement = std::move(judgement);
      fmt::print(stderr, "epoch {}: {}\n", epoch + 1, JudgementText(*row.judgement));
      CNP_RETURN_IF_ERROR(log_->Add(std::move(row)));
    }
    const std::string first = sets_.empty() ? "" : sets_.front().name;
    Prune(folder_, epoch, options_.keep, BestEpoch(log_->rows(), first, feed_->steps_per_epoch()));
    return SaveAll();
  }

  [[nodiscard]] bool SaveIsDue() const {
    if (save_.steps > 0) return trainer_->step() % save_.steps == 0;
    return SecondsSince(saved_) > save_.seconds;
  }
  Status Save() {
    saved_ = Clock::now();
    return trainer_->SaveState(StatePath());
  }
  Status SaveAll() {
    CNP_RETURN_IF_ERROR(Save());
    return WritePage();
  }

  Status WritePage() {
    paged_ = Clock::now();
    const train::StepReport last = means_.Get();
    return WriteFileAtomically(folder_ / "plot.html",
                               PlotPage(folder_.string(), StatusText(last), log_->rows()));
  }

  [[nodiscard]] std::string StatusText(const train::StepReport& report) const {
    const std::int64_t per_epoch = feed_->steps_per_epoch();
    const std::int64_t step = trainer_->step();
    const double left = meter_.SecondsFor(WorkLeft(phases_, per_epoch, step));
    const double step_seconds = meter_.SecondsFor(static_cast<double>(input_) * input_);
    std::string text =
        fmt::format("epoch {:.2f}/{} step {}/{} at {} px",
                    static_cast<double>(step) / static_cast<double>(per_epoch), phases_.back().end,
                    step, per_epoch * phases_.back().end, input_);
    if (report.loss > 0) {
      text += fmt::format("  loss {:.3f} xy {:.2f} z {:.2f} rate {:.2g}", report.loss,
                          report.error_xy, report.error_z, report.learning_rate);
    }
    if (step_seconds > 0) {
      text += fmt::format("  {:.0f} pictures/s  {} left", options_.batch / step_seconds,
                          cli::Duration(left));
    }
    return text;
  }

  static std::string JudgementText(const Judgement& judgement) {
    std::string text = fmt::format("{}, {} people: ", judgement.set, judgement.samples);
    if (judgement.mpjpe_mm > 0) {
      text += fmt::format("MPJPE {:.1f} mm, PA-MPJPE {:.1f} mm, ", judgement.mpjpe_mm,
                          judgement.pa_mpjpe_mm);
    }
    return text + fmt::format("joints within 5 / 10 / 20 % of the box: {:.3f} / {:.3f} / {:.3f}",
                              judgement.within_5, judgement.within_10, judgement.within_20);
  }

  const TrainOptions& options_;
  const std::atomic<bool>& stop_;
  const std::filesystem::path folder_;
  const Clock::time_point start_ = Clock::now();
  std::vector<Phase> phases_;
  SaveInterval save_;
  model::Spec spec_;  // With the last phase's input.
  std::vector<ValidationSet> sets_;
  train::Membership member_;
  std::unique_ptr<train::Collective> collective_;  // Null where this process is alone.
  std::unique_ptr<train::Feed> feed_;
  std::unique_ptr<train::Trainer> trainer_;
  std::optional<Log> log_;
  std::string people_;
  int input_ = 0;
  double seconds_before_ = 0;  // In earlier parts of the run.
  Clock::time_point saved_;
  Clock::time_point paged_;
  Means means_;  // Since the last line of the log.
  double mean_seconds_ = 0;
  Meter meter_;
  StatusLine status_;
};

}  // namespace

Result<Ending> Run(const TrainOptions& options, const std::string& config,
                   const std::atomic<bool>& stop) {
  Runner runner(options, stop);
  CNP_ASSIGN(const bool open, runner.Open());
  if (!open) {
    fmt::print(stderr, "stopped before the first step\n");
    return Ending::kStopped;
  }
  CNP_RETURN_IF_ERROR(runner.Enter(config));
  CNP_ASSIGN(const Ending ending, runner.Train());
  if (ending == Ending::kStopped && runner.leads()) {
    fmt::print(stderr, "stopped at step {}; go on with --continue --out {}\n", runner.step(),
               options.out);
  }
  return ending;
}

}  // namespace cnp::train_app
