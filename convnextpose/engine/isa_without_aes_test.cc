// An ARM without AES, such as a Raspberry Pi 4, runs the NEON kernels. This program's getauxval
// stands in for the machine's.
#include <asm/hwcap.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>
#include <sys/auxv.h>

#include "convnextpose/engine/isa.h"

extern "C" unsigned long getauxval(unsigned long type) noexcept {
  return type == AT_HWCAP ? HWCAP_FP | HWCAP_ASIMD : 0;
}

namespace cnp::engine {
namespace {

TEST(IsaWithoutAesTest, NeonRuns) {
  ASSERT_EQ(hwy::SupportedTargets() & HWY_NEON, 0) << "Highway saw another machine";
  EXPECT_EQ(SupportedIsas(), std::vector<std::string>{"NEON"});
  EXPECT_EQ(CurrentIsa(), "NEON");
  EXPECT_TRUE(ForceIsa("auto").ok());
  EXPECT_TRUE(ForceIsa("neon").ok());
  EXPECT_EQ(CurrentIsa(), "NEON");
}

TEST(IsaWithoutAesTest, NothingIsPrinted) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(ForceIsa("auto").ok());
  EXPECT_EQ(CurrentIsa(), SupportedIsas().front());
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace cnp::engine
