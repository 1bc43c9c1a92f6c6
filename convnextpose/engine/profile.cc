#include "convnextpose/engine/profile.h"

namespace cnp::engine {

std::vector<double> Profile::Seconds() const {
  std::vector<double> seconds(times_.empty() ? 0 : times_.front().size());
  for (const auto& thread : times_) {
    for (std::size_t layer = 0; layer < thread.size(); ++layer) {
      seconds[layer] += std::chrono::duration<double>(thread[layer]).count();
    }
  }
  return seconds;
}

void Profile::Reset(int layers, int threads) {
  times_.assign(threads, std::vector<Clock::duration>(layers));
}

}  // namespace cnp::engine
