// Fetches the weights that come next into the second-level cache while others are in use.
#pragma once

#include <cstddef>

#include "convnextpose/base/aligned.h"

namespace cnp::engine {

/// Spreads a stretch of memory over a loop: each Step() asks for some of its cache lines. What is
/// asked for need not exist. Does nothing for a layer whose weights stay in the cache by
/// themselves, `layer_bytes` of them.
class Prefetch {
 public:
  Prefetch(std::size_t layer_bytes, const void* begin, std::ptrdiff_t bytes, int steps)
      : at_(static_cast<const char*>(begin)),
        bytes_(layer_bytes < kStays ? 0 : bytes / (steps > 0 ? steps : 1) + kLine) {}

  void Step() {
    for (const char* const end = at_ + bytes_ / kLine * kLine; at_ != end; at_ += kLine) {
      __builtin_prefetch(at_, /*rw=*/0, /*locality=*/2);
    }
  }

 private:
  static constexpr std::size_t kStays = 256 << 10;  // A quarter of a second-level cache of today.
  static constexpr std::ptrdiff_t kLine = static_cast<std::ptrdiff_t>(kAlignment);
  const char* at_;
  std::ptrdiff_t bytes_;
};

}  // namespace cnp::engine
