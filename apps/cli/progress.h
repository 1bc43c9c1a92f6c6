// A progress bar with the time left, on a terminal's stderr.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace cnp::cli {

/// "4:05", or "1:04:05" from an hour on.
std::string Duration(double seconds);

/// Draws only if stderr is a terminal and there is more than one thing to do. Not thread-safe.
class Progress {
 public:
  Progress(std::string what, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Advance() { AdvanceTo(done_ + 1); }
  /// So many things are done in all; fewer than before are no news.
  void AdvanceTo(std::size_t done);
  /// Removes the bar so that a line can be printed; the next Advance draws it again.
  void Clear() const;

 private:
  void Draw() const;

  const std::string what_;
  const std::size_t total_;
  const bool visible_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point drawn_{};
  std::size_t done_ = 0;
};

}  // namespace cnp::cli
