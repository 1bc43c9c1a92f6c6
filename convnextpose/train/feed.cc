#include "convnextpose/train/feed.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/train/examples.h"
#include "convnextpose/train/people.h"

namespace cnp::train {
namespace {

// A batch in the making. Those that nobody wants any more are finished by whoever works on them
// and then go.
struct Job {
  std::int64_t step = 0;
  Cells cells;
  Batch batch;
  int next = 0;  // The first example that nobody has taken.
  int done = 0;
  std::optional<Error> error;  // The first example's that failed.
  int failed = 0;
};

class ThreadedFeed final : public Feed {
 public:
  ThreadedFeed(std::vector<datasets::Dataset> sets,
               std::shared_ptr<const synth::Generator> generator, const FeedOptions& options)
      : options_(options),
        sets_(std::move(sets)),
        people_(sets_, options_.depths, options.rendered_per_epoch, options.seed),
        examples_(people_, std::move(generator), options.augmentation, options.seed,
                  options.cache_bytes),
        cells_(options.cells) {}

  ~ThreadedFeed() override {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // Separate, for a thread must not begin before the object is whole.
  void Start() {
    for (int t = 0; t < options_.threads; ++t) threads_.emplace_back([this] { Work(); });
  }

  [[nodiscard]] const People& people() const { return people_; }
  [[nodiscard]] std::int64_t steps_per_epoch() const override {
    return (people_.epoch() + options_.batch - 1) / options_.batch;
  }
  [[nodiscard]] std::int64_t left_out() const override { return people_.left_out(); }

  void SetCells(const Cells& cells) override {
    const std::scoped_lock lock(mutex_);
    cells_ = cells;
    jobs_.clear();
  }

  Result<Batch> At(std::int64_t step) override {
    CNP_CHECK(step >= 0, "a step of the run");
    std::unique_lock lock(mutex_);
    if (jobs_.empty() || jobs_.front()->step != step) {
      jobs_.clear();
      Plan(step);
    }
    const std::shared_ptr<Job> job = jobs_.front();
    ready_.wait(lock, [&] { return job->done == job->batch.size; });
    if (job->error) return *job->error;  // Stays, to be told again.
    jobs_.pop_front();
    Plan(step + 1);
    return std::move(job->batch);
  }

 private:
  // Fills the queue with the steps from `first` on. Precondition: the lock is held, and the jobs in
  // the queue begin with it.
  void Plan(std::int64_t first) {
    while (static_cast<int>(jobs_.size()) < std::max(1, options_.prefetch)) {
      jobs_.push_back(NewJob(first + static_cast<std::int64_t>(jobs_.size())));
    }
    work_.notify_all();
  }

  [[nodiscard]] std::shared_ptr<Job> NewJob(std::int64_t step) const {
    const auto joints = static_cast<std::size_t>(pose::Human36m().size());
    auto job = std::make_shared<Job>();
    job->step = step;
    job->cells = cells_;
    Batch& batch = job->batch;
    batch.size = options_.batch / options_.world;
    batch.input = cells_.input;
    batch.joints = static_cast<int>(joints);
    batch.pictures.resize(std::size_t{3} * batch.size * batch.input * batch.input);
    batch.target.resize(3 * joints * batch.size);
    batch.weight.resize(3 * joints * batch.size);
    return job;
  }

  void Work() {
    std::unique_lock lock(mutex_);
    while (true) {
      std::shared_ptr<Job> job;
      work_.wait(lock, [&] {
        job = Open();
        return stop_ || job != nullptr;
      });
      if (stop_) return;
      const int example = job->next++;
      lock.unlock();
      const Status made = Make(*job, example);
      lock.lock();
      if (!made.ok() && (!job->error || example < job->failed)) {
        job->error = made.error();
        job->failed = example;
      }
      if (++job->done == job->batch.size) ready_.notify_all();
    }
  }

  // The first job that has an example left to take, or null. Precondition: the lock is held.
  [[nodiscard]] std::shared_ptr<Job> Open() const {
    for (const std::shared_ptr<Job>& job : jobs_) {
      if (job->next < job->batch.size) return job;
    }
    return nullptr;
  }

  Status Make(Job& job, int example) {
    Batch& batch = job.batch;
    const std::size_t pixels = std::size_t{3} * batch.input * batch.input;
    const std::size_t numbers = std::size_t{3} * batch.joints;
    const std::int64_t number =
        job.step * options_.batch + std::int64_t{options_.rank} * batch.size + example;
    try {
      return examples_.Make(number, job.cells,
                            {std::span(batch.pictures).subspan(pixels * example, pixels),
                             std::span(batch.target).subspan(numbers * example, numbers),
                             std::span(batch.weight).subspan(numbers * example, numbers)});
    } catch (const std::exception& error) {
      return Error{"example " + std::to_string(number) + " of the run: " + error.what()};
    }
  }

  const FeedOptions options_;
  const std::vector<datasets::Dataset> sets_;
  const People people_;
  Examples examples_;
  std::mutex mutex_;  // Of all below.
  std::condition_variable work_;
  std::condition_variable ready_;
  Cells cells_;
  std::deque<std::shared_ptr<Job>> jobs_;  // Of steps that follow each other.
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

Status Check(const FeedOptions& options, const synth::Generator* generator) {
  if (options.batch < 1 || options.world < 1 || options.batch % options.world != 0) {
    return Error{"a batch of " + std::to_string(options.batch) + " cannot be shared by " +
                 std::to_string(options.world) + " processes: give a multiple of their number"};
  }
  CNP_CHECK(options.rank >= 0 && options.rank < options.world, "one of the processes");
  CNP_CHECK(options.threads > 0 && options.cells.input > 0, "threads and an input");
  CNP_CHECK(options.rendered_per_epoch == 0 || generator != nullptr, "someone who renders");
  return {};
}

}  // namespace

Result<std::unique_ptr<Feed>> Feed::Open(std::vector<datasets::Dataset> sets,
                                         std::shared_ptr<const synth::Generator> generator,
                                         const FeedOptions& options) {
  CNP_RETURN_IF_ERROR(Check(options, generator.get()));
  auto feed = std::make_unique<ThreadedFeed>(std::move(sets), std::move(generator), options);
  if (!feed->people().any()) {
    return Error{
        "there is nobody to train on: the sets have no sample that can be used, and "
        "nobody is to be rendered"};
  }
  if (feed->people().mixed() && options.batch % 2 != 0) {
    return Error{"a batch of " + std::to_string(options.batch) +
                 " has no halves for people in space and people in the plane: give an even one"};
  }
  feed->Start();
  return std::unique_ptr<Feed>(std::move(feed));
}

}  // namespace cnp::train
