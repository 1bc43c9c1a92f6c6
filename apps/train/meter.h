// How fast a run goes and how long it still takes, and the line that says so.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "convnextpose/train/trainer.h"

namespace cnp::train_app {

/// Means over some steps.
class Means {
 public:
  void Add(const train::StepReport& report);
  [[nodiscard]] train::StepReport Get() const;  ///< learning_rate: the last one.
  [[nodiscard]] int steps() const { return steps_; }

 private:
  train::StepReport sum_;
  int steps_ = 0;
};

/// Time per work, smoothed over the last minute or so.
class Meter {
 public:
  /// `work` was done in `seconds`.
  void Add(double work, double seconds);
  /// Seconds for so much work; 0 before anything was done.
  [[nodiscard]] double SecondsFor(double work) const;

 private:
  double work_ = 0;
  double seconds_ = 0;
};

/// A line on stderr: redrawn on a terminal, else told once a minute.
class StatusLine {
 public:
  StatusLine();
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  /// Whether Show would show something now: for lines that cost something to make.
  [[nodiscard]] bool Due() const;
  void Show(const std::string& line);
  /// Removes the line so that something else can be printed.
  void Clear() const;

 private:
  const bool terminal_;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace cnp::train_app
