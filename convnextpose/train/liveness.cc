#include "convnextpose/train/liveness.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

namespace cnp::train {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestPeriod(1000);
constexpr int kSignsInPatience = 5;
constexpr milliseconds kFarewell(1000);
constexpr const char* kLost = "lost";  // Counter: 1 + the number of the process, once.

std::string SignsOf(int rank) { return "signs/" + std::to_string(rank); }

struct Sign {
  int rank = 0;
  std::int64_t count = 0;
  Clock::time_point seen = Clock::now();
};

}  // namespace

struct Liveness::State {
  Counters counters;
  int rank = 0;
  milliseconds patience;

  mutable std::mutex mutex;
  std::condition_variable changed;
  bool stop = false;
  bool ended = false;
  std::vector<Sign> signs;  // Of those that this one looks after.
  std::optional<int> lost;  // Once and for all.

  [[nodiscard]] std::optional<int> Lost() const {
    const std::scoped_lock lock(mutex);
    if (lost) return lost;
    const Clock::time_point now = Clock::now();
    for (const Sign& sign : signs) {
      if (now - sign.seen > patience) return sign.rank;
    }
    return std::nullopt;
  }

  // The counters are asked without the lock, for they may never answer.
  void See(Sign& sign) {
    const std::int64_t count = counters(SignsOf(sign.rank), 0);
    const std::scoped_lock lock(mutex);
    if (count != sign.count) sign.seen = Clock::now();
    sign.count = count;
  }

  void Beat() {
    counters(SignsOf(rank), 1);
    for (Sign& sign : signs) See(sign);
    std::optional<int> found = Lost();
    if (rank == 0) {
      if (found && !lost) counters(kLost, 1 + *found);
    } else if (const std::int64_t told = counters(kLost, 0); told > 0) {
      found = static_cast<int>(told - 1);
    }
    const std::scoped_lock lock(mutex);
    if (!lost) lost = found;
  }

  /// False when it is time to end.
  bool Rest() {
    std::unique_lock lock(mutex);
    const milliseconds period = std::min(kLongestPeriod, patience / kSignsInPatience);
    return !changed.wait_for(lock, period, [&] { return stop; });
  }
};

Liveness::Liveness(Counters counters, int rank, int world, milliseconds patience)
    : state_(std::make_shared<State>()) {
  state_->counters = std::move(counters);
  state_->rank = rank;
  state_->patience = patience;
  for (int other = 0; other < (rank == 0 ? world : 1); ++other) {
    if (other != rank) state_->signs.push_back({.rank = other});
  }
  thread_ = std::thread([state = state_] { Run(state); });
}

void Liveness::Run(const std::shared_ptr<State>& state) {
  do {
    try {
      state->Beat();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
      // Who keeps the counters is gone: it will be missed, as it is not seen any more.
    }
  } while (state->Rest());
  state->counters = nullptr;
  const std::scoped_lock lock(state->mutex);
  state->ended = true;
  state->changed.notify_all();
}

Liveness::~Liveness() {
  std::unique_lock lock(state_->mutex);
  state_->stop = true;
  state_->changed.notify_all();
  const bool ended = state_->changed.wait_for(lock, kFarewell, [&] { return state_->ended; });
  lock.unlock();
  if (ended) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::optional<int> Liveness::Lost() const { return state_->Lost(); }

}  // namespace cnp::train
