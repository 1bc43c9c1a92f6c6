#include "apps/train/meter.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace cnp::train_app {
namespace {

constexpr double kMemorySeconds = 60;
constexpr std::chrono::milliseconds kRedraw{200};
constexpr std::chrono::seconds kTellAgain{60};

}  // namespace

void Means::Add(const train::StepReport& report) {
  sum_.loss += report.loss;
  sum_.error_xy += report.error_xy;
  sum_.error_z += report.error_z;
  sum_.learning_rate = report.learning_rate;
  ++steps_;
}

train::StepReport Means::Get() const {
  train::StepReport mean = sum_;
  const double count = std::max(1, steps_);
  mean.loss /= count;
  mean.error_xy /= count;
  mean.error_z /= count;
  return mean;
}

void Meter::Add(double work, double seconds) {
  const double kept = std::exp(-seconds / kMemorySeconds);
  work_ = work_ * kept + work;
  seconds_ = seconds_ * kept + seconds;
}

double Meter::SecondsFor(double work) const { return work_ > 0 ? work * seconds_ / work_ : 0; }

StatusLine::StatusLine() : terminal_(isatty(STDERR_FILENO) != 0) {}

StatusLine::~StatusLine() { Clear(); }

bool StatusLine::Due() const {
  const auto since = std::chrono::steady_clock::now() - shown_;
  return terminal_ ? since >= kRedraw : since >= kTellAgain;
}

void StatusLine::Show(const std::string& line) {
  shown_ = std::chrono::steady_clock::now();
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", line);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
}

void StatusLine::Clear() const {
  if (terminal_) fmt::print(stderr, "\r\033[K");
}

}  // namespace cnp::train_app
