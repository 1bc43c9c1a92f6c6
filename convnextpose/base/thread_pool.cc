#include "convnextpose/base/thread_pool.h"

#include <algorithm>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace cnp {
namespace {

// About 30 microseconds: longer than the gap between two layers, far shorter than a frame. No
// longer, and no yielding: two threads that woke on one core would stay there, for only sleep lets
// the kernel move them.
constexpr int kSpins = 2000;

inline void Pause() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns once `value` differs from `old`: spins first, then sleeps in the kernel.
template <typename T>
T AwaitChange(const std::atomic<T>& value, T old) {
  for (int i = 0; i < kSpins; ++i) {
    if (const T now = value.load(std::memory_order_acquire); now != old) return now;
    Pause();
  }
  value.wait(old, std::memory_order_acquire);
  return value.load(std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  shares_ = std::vector<Share>(threads);
  workers_.reserve(static_cast<std::size_t>(threads) - 1);
  for (int worker = 1; worker < threads; ++worker) {
    workers_.emplace_back([this, worker] { Work(worker); });
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Run(int tasks, Loop loop) {
  const std::scoped_lock lock(one_loop_);
  if (workers_.empty() || tasks <= 1) {
    for (int task = 0; task < tasks; ++task) loop.call(loop.context, task, 0);
    return;
  }
  loop_ = loop;
  for (int i = 0; i < size(); ++i) {
    const auto bound = [&](std::int64_t share) { return static_cast<int>(tasks * share / size()); };
    shares_[i].next.store(bound(i), std::memory_order_relaxed);
    shares_[i].end = bound(i + 1);
  }
  busy_workers_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  RunTasks(0);
  for (int busy = busy_workers_.load(std::memory_order_acquire); busy != 0;) {
    busy = AwaitChange(busy_workers_, busy);
  }
}

void ThreadPool::RunTasks(int worker) {
  for (int i = 0; i < size(); ++i) {
    Share& share = shares_[(worker + i) % size()];
    for (int task = share.next.fetch_add(1, std::memory_order_relaxed); task < share.end;
         task = share.next.fetch_add(1, std::memory_order_relaxed)) {
      loop_.call(loop_.context, task, worker);
    }
  }
}

void ThreadPool::Work(int worker) {
  std::uint32_t seen = 0;
  while (true) {
    seen = AwaitChange(generation_, seen);
    if (stop_.load()) return;
    RunTasks(worker);
    if (busy_workers_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_workers_.notify_all();
  }
}

}  // namespace cnp
