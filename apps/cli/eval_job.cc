#include "apps/cli/eval_job.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "apps/cli/eval_score.h"
#include "apps/cli/progress.h"
#include "convnextpose/base/check.h"
#include "convnextpose/image/region.h"
#include "convnextpose/pipeline/estimator.h"

namespace cnp::cli {
namespace {

// Crops a thread's network sees at once where nobody says: weights are fetched once for all.
constexpr int kUsualBatch = 8;

Result<pose::Box> NetworkBoxOf(const datasets::Sample& sample, double aspect) {
  if (!sample.network_box) {
    return pose::NetworkBox(sample.box, sample.width, sample.height, aspect);
  }
  CNP_RETURN_IF_ERROR(pose::CheckNetworkBox(*sample.network_box));
  return *sample.network_box;
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

bool IsFinite(const std::vector<pose::Vec3>& heatmap) {
  return std::all_of(heatmap.begin(), heatmap.end(),
                     [](const pose::Vec3& joint) { return pose::IsFinite(joint); });
}

class Job {
 public:
  Job(const EvalJob& job, Answers answers, Journal* journal, std::vector<std::size_t> todo,
      Team& team)
      : job_(job),
        answers_(std::move(answers)),
        errors_(job.dataset->samples.size()),
        journal_(journal),
        todo_(std::move(todo)),
        team_(team),
        progress_("eval", team.leads() ? todo_.size() : 0) {}

  // What one thread does until nothing is left.
  void Work(int batch) {
    try {
      TakeBatches(batch);
    } catch (const std::exception& error) {
      const std::scoped_lock lock(mutex_);
      Stop(
          {std::string("cannot go on: ") + error.what() + "; a smaller --batch takes less memory"});
    }
  }

  // What this member did, and the inverse: a line a sample, its answer or an error.
  [[nodiscard]] std::string Found() const {
    std::string text;
    for (const std::size_t sample : done_here_) {
      const bool answered = !answers_[sample].empty();
      text += answered ? AnswerLine(sample, job_.dataset->samples[sample].annotation_id,
                                    answers_[sample])
                       : std::to_string(sample) + " " + OneLine(errors_[sample]);
      text += '\n';
    }
    return text;
  }
  void Take(const std::string& found) {
    std::istringstream lines(found);
    for (std::string line; std::getline(lines, line);) {
      if (TakeAnswerLine(line, job_.dataset->samples, job_.joint_set->size(), answers_)) continue;
      std::istringstream in(line);
      std::size_t sample = 0;
      CNP_CHECK(in >> sample && sample < errors_.size(), "a member of the team sent nonsense");
      std::getline(in >> std::ws, errors_[sample]);
    }
  }

  const EvalJob& job_;
  Answers answers_;  // By sample: each is written by the thread that has the sample.
  std::vector<std::string> errors_;  // Likewise.
  std::optional<Error> failure_;

 private:
  void TakeBatches(int batch) {
    ThreadPool alone(1);
    pipeline::Estimator estimator(*job_.network, *job_.joint_set, alone,
                                  batch * (job_.flip_test ? 2 : 1), job_.flip_test);
    std::vector<image::Region> pictures(batch);
    while (true) {
      const std::optional<std::size_t> first = stop_ ? std::nullopt : team_.Next(batch);
      if (!first) return;
      const std::size_t count = std::min<std::size_t>(batch, todo_.size() - *first);
      RunBatch(std::span(todo_).subspan(*first, count), estimator, pictures);
      const std::scoped_lock lock(mutex_);
      progress_.AdvanceTo(*first + count);
    }
  }

  void RunBatch(std::span<const std::size_t> samples, pipeline::Estimator& estimator,
                std::vector<image::Region>& pictures) {
    std::vector<pipeline::CropRequest> crops;
    std::vector<std::size_t> cropped;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const datasets::Sample& sample = job_.dataset->samples[samples[i]];
      const Result<pose::Box> box = NetworkBoxOf(sample, estimator.aspect());
      const Status read = box.ok() ? Read(sample, *box, pictures[i]) : Status(box.error());
      if (!read.ok()) {
        LeaveOut(samples[i], read.error().message);
        continue;
      }
      crops.push_back({pictures[i].view(), *box});
      cropped.push_back(samples[i]);
    }
    std::vector<pipeline::Estimate> estimates = estimator.Run(crops);
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < cropped.size(); ++i) {
      if (IsFinite(estimates[i].heatmap)) {
        Keep(cropped[i], std::move(estimates[i].heatmap));
      } else {
        errors_[cropped[i]] = "the network's answer is not finite";
        done_here_.push_back(cropped[i]);
      }
    }
  }

  void LeaveOut(std::size_t sample, const std::string& why) {
    const std::scoped_lock lock(mutex_);
    errors_[sample] = why;
    done_here_.push_back(sample);
  }

  void Keep(std::size_t sample, std::vector<pose::Vec3> heatmap) {
    answers_[sample] = std::move(heatmap);
    done_here_.push_back(sample);
    if (journal_ == nullptr || failure_) return;
    const std::int64_t id = job_.dataset->samples[sample].annotation_id;
    const Status status = journal_->Add(sample, id, answers_[sample]);
    if (!status.ok()) Stop(status.error());
  }

  void Stop(const Error& error) {
    failure_ = error;
    stop_ = true;
  }

  [[nodiscard]] Status Read(const datasets::Sample& sample, const pose::Box& box,
                            image::Region& picture) const {
    Result<image::Region> loaded = image::LoadRegion(job_.dataset->images / sample.file, box);
    if (!loaded.ok()) return loaded.error();
    picture = std::move(*loaded);
    return {};
  }

  Journal* journal_;
  std::vector<std::size_t> todo_;
  std::vector<std::size_t> done_here_;  // By this member of the team.
  Team& team_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;  // Of the journal and the progress.
  Progress progress_;
};

std::vector<std::size_t> ToDo(const Answers& answers) {
  std::vector<std::size_t> todo;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].empty()) todo.push_back(i);
  }
  return todo;
}

// Those that were answered are scored, the others named.
EvalOutcome OutcomeOf(const Job& work, const Scorer& scorer) {
  EvalOutcome outcome;
  const model::Shape& input = work.job_.network->input();
  const double aspect = static_cast<double>(input.width) / input.height;
  const std::vector<datasets::Sample>& samples = work.job_.dataset->samples;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Result<pose::Box> box = NetworkBoxOf(samples[i], aspect);
    if (work.answers_[i].empty() || !box.ok()) {
      outcome.left_out.Add({samples[i].file, work.errors_[i]});
    } else {
      outcome.records.push_back(scorer.Score(samples[i], *box, work.answers_[i]));
    }
  }
  return outcome;
}

}  // namespace

Result<EvalOutcome> RunEvalJob(const EvalJob& job, Answers answers, Journal* journal, Team& team) {
  const engine::HeatmapShape& heatmap = job.network->heatmap();
  const pose::Grid grid = {heatmap.out_width(), heatmap.out_height(), heatmap.depth_bins};
  CNP_ASSIGN(const Scorer scorer, Scorer::Make(*job.joint_set, *job.dataset, grid));
  std::vector<std::size_t> todo = ToDo(answers);
  const std::size_t count = todo.size();
  const std::size_t wanted = job.threads > 0 ? job.threads : team.Threads();
  const std::size_t threads = std::clamp<std::size_t>(count, 1, wanted);
  const std::size_t share = count / (threads * team.size()) + 1;
  const int batch =
      job.batch > 0 ? job.batch : static_cast<int>(std::min<std::size_t>(share, kUsualBatch));

  Job work(job, std::move(answers), journal, std::move(todo), team);
  const auto start = std::chrono::steady_clock::now();
  team.Begin(count);
  std::vector<std::thread> others;
  for (std::size_t t = 1; t < threads; ++t) others.emplace_back([&] { work.Work(batch); });
  work.Work(batch);
  for (std::thread& other : others) other.join();
  if (work.failure_) return *work.failure_;
  for (const std::string& found : team.End(work.Found())) work.Take(found);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (!team.leads()) return EvalOutcome{};
  EvalOutcome outcome = OutcomeOf(work, scorer);
  outcome.resumed = outcome.records.size() + outcome.left_out.count - count;
  outcome.threads = static_cast<int>(threads);
  outcome.batch = batch;
  outcome.frames_per_second =
      static_cast<double>(outcome.records.size() - outcome.resumed) / seconds.count();
  return outcome;
}

}  // namespace cnp::cli
