// Fetches the weights that come next into the second-level cache while others are in use.
#pragma once

#include <cstddef>

#include "convnextpose/base/aligned.h"

namespace cnp::engine {

/// Spreads a stretch of memory over the steps of a loop that are loops themselves: one cache line
/// is asked for in each of their iterations, for many at once would fill the queues that the loop's
/// own loads wait in. What is asked for need not exist. Does nothing for a layer whose weights stay
/// in the cache by themselves, `layer_bytes` of them.
class Prefetch {
 public:
  Prefetch(std::size_t layer_bytes, const void* begin, std::ptrdiff_t bytes, int steps)
      : at_(static_cast<const char*>(begin)),
        bytes_(layer_bytes < kStays ? 0 : bytes / (steps > 0 ? steps : 1) + kLine) {}

  /// What one step asks for.
  class Stretch {
   public:
    Stretch(const char* at, std::ptrdiff_t bytes) : at_(at), bytes_(bytes) {}
    void Next() {
      __builtin_prefetch(at_, /*rw=*/0, /*locality=*/2);
      at_ += bytes_;
    }

   private:
    const char* at_;
    std::ptrdiff_t bytes_;  // Less than a line where iterations are many.
  };
  Stretch Step(int iterations) {
    const Stretch stretch(at_, (bytes_ + iterations - 1) / iterations);
    at_ += bytes_;
    return stretch;
  }

 private:
  static constexpr std::size_t kStays = 256 << 10;  // A quarter of a second-level cache of today.
  static constexpr std::ptrdiff_t kLine = static_cast<std::ptrdiff_t>(kAlignment);
  const char* at_;
  std::ptrdiff_t bytes_;
};

}  // namespace cnp::engine
