// Weights in half precision: in single precision, or in half where the processor has it.
#include <algorithm>
#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"
#include "convnextpose/engine/kernels/pointwise.h"

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace cnp::engine {
namespace {

constexpr double kRounding = 0x1p-11;  // Of one number to half precision, relative.

// out is four times in: such layers sum in half precision.
class HalfPointwiseTest : public KernelTest {
 protected:
  struct Layer {
    int in;
    int out;
    std::vector<float> weight;
    std::vector<float> bias;
    PackedHalfPointwise packed;
  };
  Layer MakeLayer(int in) {
    Layer layer{in, 4 * in, Random(std::size_t{4} * in * in), Random(std::size_t{4} * in), {}};
    layer.packed = PackHalfPointwise(layer.weight, layer.bias, in, layer.out);
    return layer;
  }
  static std::vector<float> Run(const PackedHalfPointwise& packed, const float* x, int pixels,
                                Activation activation = Activation::kNone) {
    std::vector<float> y = Nans(static_cast<std::size_t>(packed.out) * pixels);
    Pointwise(packed, {0, packed.out},
              {.data = x, .pixel_stride = packed.in, .run_length = packed.in}, pixels, activation,
              {y.data(), pixels, 0, packed.out});
    return y;
  }

  // A product goes through at most 16 roundings to half: its two factors; 4 within its four; the
  // sum of two fours; 2 further eights; 7 inputs that fill no eight. Blocks are summed in single.
  static constexpr int kRoundings = 16;
  static double Bound(double absolute, int in) {
    return absolute * (kRoundings * 1.01 * kRounding + in * 0x1p-23) + 1e-30;
  }

  void Compare(const Layer& layer, int pixels, float size) {
    std::vector<float> x = Random(static_cast<std::size_t>(layer.in) * pixels);
    for (float& value : x) value *= size;
    const std::vector<float> y = Run(layer.packed, x.data(), pixels);
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < layer.out; ++o) {
        double sum = layer.bias[o];
        double absolute = std::abs(sum);
        for (int i = 0; i < layer.in; ++i) {
          const double product =
              static_cast<double>(layer.weight[o * layer.in + i]) * x[p * layer.in + i];
          sum += product;
          absolute += std::abs(product);
        }
        const double actual = y[p * layer.packed.out + o];
        ASSERT_NEAR(actual, sum, Bound(absolute, layer.in)) << "pixel " << p << " channel " << o;
      }
    }
  }
};

// Every remainder of pixels, eights, blocks (32) and strips (256 inputs, 32 pixels).
TEST_P(HalfPointwiseTest, AgreesWithinItsRoundings) {
  for (const int in : {4, 7, 8, 12, 31, 32, 33, 70, 261}) {
    const Layer layer = MakeLayer(in);
    ASSERT_TRUE(layer.packed.half_sums);
    for (const int pixels : {1, 2, 3, 4, 7, 33}) {
      SCOPED_TRACE(testing::Message() << in << " inputs, " << pixels << " pixels");
      ASSERT_NO_FATAL_FAILURE(Compare(layer, pixels, 1));
    }
  }
}

// Far outside half precision's range.
TEST_P(HalfPointwiseTest, ActivationsOfAnySizeAreScaled) {
  const Layer layer = MakeLayer(40);
  for (const float size : {1e-36F, 1e-12F, 1e-3F, 1e6F, 1e30F}) {
    SCOPED_TRACE(size);
    ASSERT_NO_FATAL_FAILURE(Compare(layer, 5, size));
  }
}

TEST_P(HalfPointwiseTest, SumsInHalfAreEnteredWhereTheProcessorHasThem) {
  bool has = false;
#if defined(__aarch64__) && defined(__linux__)
  has = (getauxval(AT_HWCAP) & HWCAP_ASIMDHP) != 0 && GetParam() == SupportedIsas().front();
#endif
  ASSERT_EQ(HasHalfArithmetic(), has);
  // Exact in half, so that only sums can err.
  Layer layer = MakeLayer(64);
  const auto round = [](float value) { return std::round(value * 256) / 256; };
  std::transform(layer.weight.begin(), layer.weight.end(), layer.weight.begin(), round);
  std::vector<float> x = Random(64);
  std::transform(x.begin(), x.end(), x.begin(), round);
  layer.packed = PackHalfPointwise(layer.weight, layer.bias, 64, layer.out);
  const auto error = [&](const PackedHalfPointwise& packed) {
    const std::vector<float> y = Run(packed, x.data(), 1);
    double highest = 0;
    for (int o = 0; o < layer.out; ++o) {
      double sum = layer.bias[o];
      for (int i = 0; i < 64; ++i) sum += static_cast<double>(layer.weight[o * 64 + i]) * x[i];
      highest = std::max(highest, std::abs(y[o] - sum));
    }
    return highest;
  };
  EXPECT_EQ(error(layer.packed) > 1e-4, has);
  // As the layers that are not as wide.
  layer.packed.half_sums = false;
  EXPECT_LT(error(layer.packed), 1e-5);
}

TEST_P(HalfPointwiseTest, OnlyLayersThatWidenSumInHalf) {
  EXPECT_TRUE(PackHalfPointwise(Random(40 * 160), Random(160), 40, 160).half_sums);
  EXPECT_FALSE(PackHalfPointwise(Random(40 * 159), Random(159), 40, 159).half_sums);
}

TEST_P(HalfPointwiseTest, PartsAndNeighboursDoNotMatter) {
  const int in = 48;
  const int pixels = 39;
  const Layer layer = MakeLayer(in);
  const std::vector<float> x = Random(static_cast<std::size_t>(in) * pixels);
  const std::vector<float> whole = Run(layer.packed, x.data(), pixels, Activation::kRelu);
  for (int p = 0; p < pixels; ++p) {
    const std::vector<float> alone = Run(layer.packed, x.data() + p * in, 1, Activation::kRelu);
    ASSERT_TRUE(std::equal(alone.begin(), alone.end(), whole.begin() + p * layer.packed.out)) << p;
  }
  const Channels part = {2 * kChannelBlock, 3 * kChannelBlock};
  // In rows of 5 pixels that lie apart.
  const int width = 5;
  const int row = width * in + 7;
  const int rows = (pixels + width - 1) / width;
  std::vector<float> apart = Nans(static_cast<std::size_t>(rows) * row);
  std::vector<float> y = Nans(static_cast<std::size_t>(rows) * width * part.count);
  for (int p = 0; p < pixels; ++p) {
    std::copy_n(x.data() + p * in, in, apart.data() + p / width * row + p % width * in);
  }
  Pointwise(layer.packed, part,
            {.data = apart.data(),
             .pixel_stride = in,
             .run_length = in,
             .width = width,
             .row_stride = row},
            pixels, Activation::kRelu, {y.data(), width, width * part.count, part.count});
  for (int p = 0; p < pixels; ++p) {
    for (int c = 0; c < part.count; ++c) {
      ASSERT_EQ(y[p * part.count + c], whole[p * layer.packed.out + part.first + c]) << p;
    }
  }
  for (std::size_t i = static_cast<std::size_t>(pixels) * part.count; i < y.size(); ++i) {
    ASSERT_TRUE(std::isnan(y[i])) << "wrote outside its pixels";
  }
}

// Two runs are two blocks; the sums of 16 inputs and 16 more are not those of 32.
TEST_P(HalfPointwiseTest, RunsAreReadInPlace) {
  const int in = 32;
  const int run = in / 2;
  const Layer layer = MakeLayer(in);
  const std::vector<float> x = Random(in);
  std::vector<float> apart = Nans(100);
  std::copy_n(x.data(), run, apart.data());
  std::copy_n(x.data() + run, run, apart.data() + 50);
  std::vector<float> y = Nans(layer.packed.out);
  Pointwise(
      layer.packed, {0, layer.packed.out},
      {.data = apart.data(), .pixel_stride = 0, .run_length = run, .runs = 2, .run_stride = 50}, 1,
      Activation::kNone, {y.data(), 1, 0, layer.packed.out});
  for (int o = 0; o < layer.out; ++o) {
    double sum = layer.bias[o];
    double absolute = std::abs(sum);
    for (int i = 0; i < in; ++i) {
      const double product = static_cast<double>(layer.weight[o * in + i]) * x[i];
      sum += product;
      absolute += std::abs(product);
    }
    ASSERT_NEAR(y[o], sum, Bound(absolute, in)) << o;
  }
}

TEST_P(HalfPointwiseTest, WhatIsNotFiniteStaysVisible) {
  const int in = 40;
  const Layer layer = MakeLayer(in);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const int at : {0, 7, 33, 39}) {
      std::vector<float> x = Random(std::size_t{3} * in);
      const std::vector<float> good = Run(layer.packed, x.data(), 3, Activation::kRelu);
      x[in + at] = bad;
      const std::vector<float> y = Run(layer.packed, x.data(), 3, Activation::kRelu);
      const int out = layer.packed.out;
      for (int o = 0; o < layer.out; ++o) {
        // Single precision hides an infinity behind ReLU where it is negative.
        if (HasHalfArithmetic() || std::isnan(bad)) {
          ASSERT_TRUE(std::isnan(y[out + o])) << at << " " << o;
        }
        ASSERT_EQ(y[o], good[o]);
        ASSERT_EQ(y[2 * out + o], good[2 * out + o]);
      }
    }
    std::vector<float> weight = layer.weight;
    weight[3] = bad;  // Of output 0.
    const std::vector<float> x(in, -0.25F);
    const PackedHalfPointwise packed = PackHalfPointwise(weight, layer.bias, in, layer.out);
    const std::vector<float> y = Run(packed, x.data(), 1);
    EXPECT_TRUE(std::isnan(y[0]));
    for (int o = 1; o < layer.out; ++o) ASSERT_TRUE(std::isfinite(y[o])) << o;
  }
}

CNP_EVERY_ISA(HalfPointwiseTest);

}  // namespace
}  // namespace cnp::engine
