// Threads that do the same thing at the same time, each on a part of its own.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cnp::train {

class Workers {
 public:
  /// `begin(worker)` is called on each thread once.
  Workers(int count, const std::function<void(int)>& begin);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers();

  [[nodiscard]] int count() const { return static_cast<int>(threads_.size()); }

  /// Calls task(worker) on all threads and waits for them. Rethrows what the first of them throws.
  /// Not thread-safe.
  void Run(const std::function<void(int)>& task);

 private:
  void Work(int worker, const std::function<void(int)>& begin);

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(int)>* task_ = nullptr;
  int round_ = 0;
  int busy_ = 0;
  bool end_ = false;
  std::vector<std::exception_ptr> errors_;
  std::vector<std::thread> threads_;
};

}  // namespace cnp::train
