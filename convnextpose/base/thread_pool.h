// A fixed set of threads that share the tasks of one parallel loop at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace cnp {

/// Runs loops of independent tasks. Which thread runs a task is not fixed, so a task must write
/// only what belongs to its index: then results are the same bits for any number of threads.
/// Waiting threads spin for some microseconds (the next layer comes at once), then sleep.
class ThreadPool {
 public:
  /// `threads` counts the calling thread: 1 runs everything in the caller. 0: all cores.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls body(task, worker) for every task in [0, tasks), worker in [0, size()), and returns when
  /// all are done. One loop at a time: callers on other threads wait. No allocation. `body` must
  /// not throw and must not start a loop on the same pool.
  template <typename Body>
  void ParallelFor(int tasks, const Body& body) {
    Run(tasks, {[](const void* context, int task, int worker) {
                  (*static_cast<const Body*>(context))(task, worker);
                },
                &body});
  }

 private:
  struct Loop {
    void (*call)(const void* context, int task, int worker) = nullptr;
    const void* context = nullptr;
  };
  // Tasks [where the share before ends, end), of which those below `next` are taken.
  struct alignas(64) Share {
    std::atomic<int> next{0};
    int end = 0;
  };
  void Run(int tasks, Loop loop);
  void Work(int worker);
  void RunTasks(int worker);

  std::mutex one_loop_;  // Held by the caller for the length of its loop.
  Loop loop_;
  std::vector<Share> shares_;  // Of each thread, the caller's first.
  std::atomic<int> busy_workers_{0};
  std::atomic<std::uint32_t> generation_{0};  // Rises once a loop; workers wait on it.
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace cnp
