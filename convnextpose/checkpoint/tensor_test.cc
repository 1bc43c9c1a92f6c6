#include "convnextpose/checkpoint/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "convnextpose/checkpoint/half.h"

namespace cnp::checkpoint {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The definition of the format, in double precision.
double HalfByDefinition(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1F;
  const int mantissa = half & 0x3FF;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

TEST(HalfTest, EveryHalfConvertsExactlyAndBack) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double expected = HalfByDefinition(half);
    const float value = HalfToFloat(half);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(HalfToFloat(FloatToHalf(value)))) << bits;
    } else {
      ASSERT_EQ(value, expected) << bits;
      ASSERT_EQ(std::signbit(value), std::signbit(expected)) << bits;
      ASSERT_EQ(FloatToHalf(value), half) << bits;
    }
  }
}

TEST(HalfTest, RoundsToNearestEvenBetweenAllNeighbours) {
  for (std::uint16_t half = 0; half < 0x7C00; ++half) {
    const float low = HalfToFloat(half);
    // 65520 stands where the next half after the largest would be, minus half a step.
    const float high = half == 0x7BFF ? 65536.0F : HalfToFloat(half + 1);
    const float middle = (low + high) / 2;  // Exact: a float has more bits.
    const std::uint16_t even = half % 2 == 0 ? half : half + 1;
    ASSERT_EQ(FloatToHalf(middle), even) << half;
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, low)), half);
    ASSERT_EQ(FloatToHalf(std::nextafter(middle, high)), half + 1);
    ASSERT_EQ(FloatToHalf(-middle), even | 0x8000);
  }
  EXPECT_EQ(FloatToHalf(1e30F), 0x7C00);
  EXPECT_EQ(FloatToHalf(-INFINITY), 0xFC00);
}

TEST(Bfloat16Test, EveryValueConvertsBackAndRoundsToNearestEven) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const auto bfloat = static_cast<std::uint16_t>(bits);
    const float value = Bfloat16ToFloat(bfloat);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(Bfloat16ToFloat(FloatToBfloat16(value))));
    } else {
      ASSERT_EQ(FloatToBfloat16(value), bfloat);
    }
  }
  EXPECT_EQ(FloatToBfloat16(std::bit_cast<float>(0x3F808000U)), 0x3F80);  // A tie: to even.
  EXPECT_EQ(FloatToBfloat16(std::bit_cast<float>(0x3F818000U)), 0x3F82);
  EXPECT_EQ(FloatToBfloat16(std::bit_cast<float>(0x3F808001U)), 0x3F81);
  EXPECT_EQ(FloatToBfloat16(std::numeric_limits<float>::max()), 0x7F80);
}

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

class TensorTest : public ::testing::Test {
 protected:
  [[nodiscard]] Tensor View(std::vector<std::int64_t> shape, std::vector<std::int64_t> strides,
                            std::int64_t offset = 0) const {
    return {"t",
            DType::kF32,
            std::move(shape),
            std::move(strides),
            offset,
            std::as_bytes(std::span(values_))};
  }
  std::vector<float> values_ = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
};

TEST_F(TensorTest, ReadsAnyStrides) {
  EXPECT_THAT(ToFloat(View({2, 2}, {1, 4}, 1)), ElementsAre(1, 5, 2, 6));
  EXPECT_THAT(ToFloat(View({2, 1, 3}, {6, 99, 2})), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(ToFloat(View({2, 2}, {0, 3}, 5)), ElementsAre(5, 8, 5, 8));
  EXPECT_THAT(ToFloat(View({}, {}, 11)), ElementsAre(11));
  EXPECT_TRUE(ToFloat(View({3, 0}, {1, 1})).empty());
  EXPECT_FALSE(IsContiguous(View({2, 2}, {1, 2})));
  EXPECT_TRUE(IsContiguous(View({2, 1, 3}, {3, 77, 1})));
}

TEST_F(TensorTest, BytesAreThoseOfTheElements) {
  const Tensor tensor = View({2, 2}, {1, 4}, 1);
  const std::vector<std::byte> bytes = ToContiguousBytes(tensor);
  std::vector<float> copy(4);
  ASSERT_EQ(bytes.size(), copy.size() * sizeof(float));
  std::memcpy(copy.data(), bytes.data(), bytes.size());
  EXPECT_EQ(copy, ToFloat(tensor));
}

TEST_F(TensorTest, ReadsStorageThatIsNotAligned) {
  std::vector<std::byte> bytes(9);
  const float value = 2.5F;
  std::memcpy(bytes.data() + 1, &value, sizeof(value));
  const Tensor tensor = DenseTensor("t", DType::kF32, {1}, std::span(bytes).subspan(1, 4));
  EXPECT_THAT(ToFloat(tensor), ElementsAre(2.5F));
}

TEST_F(TensorTest, ValidateAcceptsWhatLiesInTheStorage) {
  EXPECT_TRUE(Validate(View({3, 4}, {4, 1})).ok());
  EXPECT_TRUE(Validate(View({2, 2}, {1, 10})).ok());
  EXPECT_TRUE(Validate(View({5, 0}, {1, 1}, 12)).ok());
  EXPECT_TRUE(Validate(View({}, {}, 11)).ok());
}

TEST_F(TensorTest, ValidateRefusesWhatDoesNot) {
  const auto error = [](const Tensor& tensor) { return Validate(tensor).error().message; };
  EXPECT_THAT(error(View({3, 4}, {4, 1}, 1)), HasSubstr("beyond its storage"));
  EXPECT_THAT(error(View({2, 2}, {1, 11})), HasSubstr("beyond its storage"));
  EXPECT_THAT(error(View({}, {}, 12)), HasSubstr("beyond its storage"));
  EXPECT_THAT(error(View({1}, {1}, kHuge)), HasSubstr("beyond its storage"));
  EXPECT_THAT(error(View({1}, {1}, -1)), HasSubstr("beyond its storage"));
  EXPECT_THAT(error(View({2}, {-1}, 5)), HasSubstr("negative stride"));
  EXPECT_THAT(error(View({-2}, {1})), HasSubstr("negative size"));
  EXPECT_THAT(error(View({kHuge, kHuge}, {0, 0})), HasSubstr("absurd"));
  EXPECT_THAT(error(View({std::int64_t{1} << 32, std::int64_t{1} << 32, 0}, {0, 0, 0})),
              HasSubstr("absurd"));
  EXPECT_THAT(error(View({2}, {kHuge})), HasSubstr("absurd"));
  EXPECT_THAT(error(View({2}, {1, 1})), HasSubstr("1 dimensions and 2 strides"));
}

}  // namespace
}  // namespace cnp::checkpoint
