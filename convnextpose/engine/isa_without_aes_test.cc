// An ARM without AES, such as a Raspberry Pi 4, runs the NEON kernels. This program's getauxval
// stands in for the machine's and reports no extension at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hwy/targets.h>
#include <sys/auxv.h>

#include "convnextpose/engine/isa.h"

static bool asked = false;

extern "C" unsigned long getauxval(unsigned long /*type*/) noexcept {
  asked = true;
  return 0;
}

namespace cnp::engine {
namespace {

TEST(IsaWithoutAesTest, NeonRuns) {
  hwy::SupportedTargets();
  ASSERT_TRUE(asked) << "Highway saw the machine itself";
  const std::vector<std::string> isas = SupportedIsas();
  ASSERT_FALSE(isas.empty());
  EXPECT_THAT(isas.front(), ::testing::StartsWith("NEON"));
  EXPECT_EQ(CurrentIsa(), isas.front());
  EXPECT_TRUE(ForceIsa("auto").ok());
  EXPECT_TRUE(ForceIsa(isas.front()).ok());
  EXPECT_EQ(CurrentIsa(), isas.front());
}

TEST(IsaWithoutAesTest, NothingIsPrinted) {
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(ForceIsa("auto").ok());
  EXPECT_EQ(CurrentIsa(), SupportedIsas().front());
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace cnp::engine
