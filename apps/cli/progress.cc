#include "apps/cli/progress.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace cnp::cli {
namespace {

constexpr int kBarWidth = 30;
constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

std::string Duration(double seconds) {
  const long whole = std::lround(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)), total_(total), visible_(total > 1 && isatty(STDERR_FILENO) != 0) {}

Progress::~Progress() { Clear(); }

void Progress::AdvanceTo(std::size_t done) {
  done_ = std::clamp(done, done_, std::max(done_, total_));
  const auto now = std::chrono::steady_clock::now();
  if (!visible_ || now - drawn_ < kRedraw) return;
  drawn_ = now;
  Draw();
}

void Progress::Clear() const {
  if (visible_) fmt::print(stderr, "\r\033[K");
}

void Progress::Draw() const {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  const double rate = static_cast<double>(done_) / elapsed.count();
  const auto filled = static_cast<int>(kBarWidth * done_ / total_);
  fmt::print(stderr, "\r\033[K{} [{}{}] {}/{}  {:.1f}/s  {} left", what_, std::string(filled, '='),
             std::string(kBarWidth - filled, ' '), done_, total_, rate,
             Duration(static_cast<double>(total_ - done_) / rate));
  std::fflush(stderr);
}

}  // namespace cnp::cli
