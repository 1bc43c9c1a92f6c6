// Which of the processes that train together are still there, while each does its own: a process
// that is killed closes its connections and is missed at once, but a machine that lost its power or
// its cable says nothing, and one that judges its weights for an hour is well.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace cnp::train {

/// Adds to the counter of that name, which all processes share, and returns its new value. May
/// throw, and may never return when the process that keeps the counters is lost.
using Counters = std::function<std::int64_t(const std::string& name, std::int64_t add)>;

/// Gives signs of life from a thread of its own. The first process looks after all others and
/// tells them, the others look after the first.
class Liveness {
 public:
  /// `counters` is called from that thread alone.
  Liveness(Counters counters, int rank, int world, std::chrono::milliseconds patience);
  Liveness(const Liveness&) = delete;
  Liveness& operator=(const Liveness&) = delete;
  /// Leaves the thread to itself where the counters do not return.
  ~Liveness();

  /// A process that gave no sign for `patience`.
  [[nodiscard]] std::optional<int> Lost() const;

 private:
  struct State;
  static void Run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace cnp::train
