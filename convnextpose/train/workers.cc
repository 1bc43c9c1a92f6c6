#include "convnextpose/train/workers.h"

namespace cnp::train {

Workers::Workers(int count, const std::function<void(int)>& begin)
    : errors_(static_cast<std::size_t>(count)) {
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this, i, begin] { Work(i, begin); });
  }
}

Workers::~Workers() {
  {
    const std::scoped_lock lock(mutex_);
    end_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Run(const std::function<void(int)>& task) {
  std::unique_lock lock(mutex_);
  task_ = &task;
  busy_ = count();
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return busy_ == 0; });
  for (std::exception_ptr& error : errors_) {
    if (error == nullptr) continue;
    const std::exception_ptr first = error;
    for (std::exception_ptr& any : errors_) any = nullptr;
    std::rethrow_exception(first);
  }
}

void Workers::Work(int worker, const std::function<void(int)>& begin) {
  begin(worker);
  for (int done = 0;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return end_ || round_ != done; });
    if (end_) return;
    done = round_;
    const std::function<void(int)>& task = *task_;
    lock.unlock();
    std::exception_ptr error;
    try {
      task(worker);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    errors_[static_cast<std::size_t>(worker)] = error;
    if (--busy_ == 0) changed_.notify_all();
  }
}

}  // namespace cnp::train
