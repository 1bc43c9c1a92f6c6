// A bounded queue between two stages of work that overlap.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace cnp::cli {

/// Thread-safe. Push waits while the queue is full, so that a fast stage cannot fill memory.
template <typename T>
class Queue {
 public:
  /// `capacity` is in the unit of Push's `cost`.
  explicit Queue(std::size_t capacity) : capacity_(capacity) {}

  /// An item larger than the whole queue enters when the queue is empty.
  void Push(T item, std::size_t cost) {
    std::unique_lock lock(mutex_);
    space_.wait(lock, [&] { return items_.empty() || held_ + cost <= capacity_; });
    items_.emplace_back(std::move(item), cost);
    held_ += cost;
    ready_.notify_one();
  }

  /// After this, Pop returns what is left and then nothing.
  void Close() {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    ready_.notify_all();
  }

  /// An item if one is waiting.
  std::optional<T> TryPop() {
    const std::scoped_lock lock(mutex_);
    return Take();
  }

  /// Waits for an item; nothing once the queue is closed and empty.
  std::optional<T> Pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !items_.empty() || closed_; });
    return Take();
  }

 private:
  std::optional<T> Take() {
    if (items_.empty()) return std::nullopt;
    auto [item, cost] = std::move(items_.front());
    items_.pop_front();
    held_ -= cost;
    space_.notify_one();
    return std::move(item);
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::condition_variable space_;
  std::deque<std::pair<T, std::size_t>> items_;
  std::size_t held_ = 0;  // Sum of the items' costs.
  bool closed_ = false;
};

}  // namespace cnp::cli
