#include "convnextpose/engine/kernels/peak.h"

#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

class PeakTest : public KernelTest {};

TEST_P(PeakTest, CountsWhatItDoes) {
  const std::int64_t one = SpinMultiplyAdds(1);
  EXPECT_GT(one, 0);
  EXPECT_EQ(SpinMultiplyAdds(1000), 1000 * one);
  EXPECT_EQ(SpinMultiplyAdds(0), 0);
}

TEST_P(PeakTest, IsANumberOnAnyThreads) {
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    const double peak = MeasurePeak(pool);
    EXPECT_GT(peak, 0);
    EXPECT_TRUE(std::isfinite(peak)) << "the work took no time: the compiler removed it";
    // No thread of any machine does a multiply-add in less than a femtosecond.
    EXPECT_LT(peak, 1e15);
  }
}

CNP_EVERY_ISA(PeakTest);

}  // namespace
}  // namespace cnp::engine
