#include "convnextpose/engine/precision.h"

#include <gmock/gmock.h>

#include "convnextpose/engine/kernels/dot_pointwise.h"
#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

using PrecisionTest = KernelTest;

TEST_P(PrecisionTest, NamesGoThereAndBack) {
  for (const Precision precision : {Precision::kF32, Precision::kF16}) {
    EXPECT_EQ(*ParsePrecision(Name(precision)), precision);
  }
  const auto unknown = ParsePrecision("f64");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message, ::testing::HasSubstr("auto, f32, f16, int8"));
}

TEST_P(PrecisionTest, EightBitsNeedDotProducts) {
  const auto int8 = ParsePrecision("int8");
  EXPECT_EQ(int8.ok(), HasDotProducts());
  EXPECT_EQ(*ParsePrecision("auto"), HasDotProducts() ? Precision::kF16 : Precision::kF32);
}

CNP_EVERY_ISA(PrecisionTest);

}  // namespace
}  // namespace cnp::engine
