// What the kernels' tests share: every instruction set, random data, outputs that begin as NaN.
#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "convnextpose/engine/isa.h"

namespace cnp::engine {

/// Runs a test once on each instruction set of the machine.
class KernelTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { ASSERT_TRUE(ForceIsa(GetParam()).ok()); }
  void TearDown() override { ASSERT_TRUE(ForceIsa("auto").ok()); }

  /// Uniform in [-1, 1).
  std::vector<float> Random(std::size_t count) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(count);
    for (float& value : values) value = uniform(generator_);
    return values;
  }
  static std::vector<float> Nans(std::size_t count) {
    return std::vector<float>(count, std::numeric_limits<float>::quiet_NaN());
  }

 private:
  std::mt19937 generator_{20231020};
};

/// EXPECT_NEAR that fails on NaN and stops after the first difference.
template <typename T>
void ExpectClose(const std::vector<float>& actual, const std::vector<T>& expected, double bound) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], bound) << "at " << i;
  }
}

#define CNP_EVERY_ISA(suite)                                                                \
  INSTANTIATE_TEST_SUITE_P(Isa, suite, ::testing::ValuesIn(::cnp::engine::SupportedIsas()), \
                           [](const auto& test) { return test.param; })

}  // namespace cnp::engine
