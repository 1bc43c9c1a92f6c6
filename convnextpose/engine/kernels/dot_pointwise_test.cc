#include "convnextpose/engine/kernels/dot_pointwise.h"

#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

// Largest relative rounding of a weight or an activation: half of one step of the largest.
double Step(DotType type) { return type == DotType::kInt16 ? 1e-3 : 1.0 / 127; }

class DotPointwiseTest : public KernelTest {
 protected:
  // Activations of pixels, rounded, with the memory that they lie in.
  struct Input {
    AlignedVector<float> floats;
    int stride = 0;
    AlignedVector<std::uint8_t> values;
    AlignedVector<float> scales;
    Quantised view;
  };
  static Input Rounded(const PackedDotPointwise& weights, const std::vector<float>& x, int in,
                       int pixels) {
    Input input;
    input.stride = PaddedChannels(in);
    input.floats.resize(static_cast<std::size_t>(pixels) * input.stride);
    for (int p = 0; p < pixels; ++p) {
      std::copy_n(x.begin() + std::ptrdiff_t{p} * in, in, input.floats.begin() + p * input.stride);
    }
    const int bytes = input.stride * weights.bytes_per_input();
    input.values.resize(static_cast<std::size_t>(pixels) * bytes);
    input.scales.resize(static_cast<std::size_t>(pixels) * weights.blocks());
    input.view = {input.values.data(), bytes, input.scales.data(), weights.blocks()};
    Quantise(weights, {0, weights.in},
             {.data = input.floats.data(), .pixel_stride = input.stride, .run_length = in}, pixels,
             input.view);
    return input;
  }

  std::vector<float> Inputs(DotType type, int count) {
    std::vector<float> values = Random(count);
    if (type == DotType::kUint8) {
      for (float& value : values) value = std::max(value, 0.0F);
    }
    return values;
  }

  void Compare(DotType type, int in, int out, int pixels) {
    const std::vector<float> weight = Random(static_cast<std::size_t>(in) * out);
    const std::vector<float> bias = Random(out);
    const PackedDotPointwise packed = PackDotPointwise(weight, bias, in, out, type, DotBlock(in));
    const std::vector<float> x = Inputs(type, in * pixels);
    const Input input = Rounded(packed, x, in, pixels);
    const std::vector<float> residual = Random(static_cast<std::size_t>(pixels) * packed.out);
    std::vector<float> y = Nans(residual.size());
    DotPointwise(packed, {0, packed.out}, {0, packed.in}, input.view, pixels, Activation::kRelu,
                 {residual.data(), pixels, 0, packed.out}, {y.data(), pixels, 0, packed.out});
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < packed.out; ++o) {
        double sum = o < out ? bias[o] : 0;
        double absolute = 0;
        for (int i = 0; o < out && i < in; ++i) {
          const double product = static_cast<double>(weight[o * in + i]) * x[p * in + i];
          sum += product;
          absolute += std::abs(weight[o * in + i]) + std::abs(x[p * in + i]);
        }
        const std::size_t at = static_cast<std::size_t>(p) * packed.out + o;
        sum = std::max(0.0, sum + residual[at]);
        ASSERT_NEAR(y[at], sum, 0.5 * Step(type) * absolute + 1e-5) << p << ", " << o;
        error_ = std::max(error_, std::abs(y[at] - sum));
      }
    }
  }

  double error_ = 0;
};

constexpr DotType kTypes[] = {DotType::kInt16, DotType::kInt8, DotType::kUint8};

TEST_P(DotPointwiseTest, AgreesWithTheProductUpToRounding) {
  for (const DotType type : kTypes) {
    SCOPED_TRACE(static_cast<int>(type));
    for (int pixels = 1; pixels <= 13; ++pixels) {
      ASSERT_NO_FATAL_FAILURE(Compare(type, 7, 20, pixels));
    }
    for (int blocks = 1; blocks <= 7; ++blocks) {
      ASSERT_NO_FATAL_FAILURE(Compare(type, 40, blocks * kChannelBlock - 3, 11));
    }
    ASSERT_NO_FATAL_FAILURE(Compare(type, 640, 160, 9));
    ASSERT_NO_FATAL_FAILURE(Compare(type, 300, 48, 64));
  }
}

TEST_P(DotPointwiseTest, SixteenBitsAreFarFiner) {
  ASSERT_NO_FATAL_FAILURE(Compare(DotType::kInt16, 160, 80, 20));
  EXPECT_LT(error_, 5e-3);
  EXPECT_GT(error_, 0) << "nothing was rounded";
}

// The largest sums that packing allows for: every product of a block as large as can be.
TEST_P(DotPointwiseTest, NoSumOverflows) {
  for (const DotType type : kTypes) {
    const int in = kMaxDotBlock;
    const std::vector<float> weight(in * 16, 1.0F);
    const PackedDotPointwise packed =
        PackDotPointwise(weight, std::vector<float>(16), in, 16, type, kMaxDotBlock);
    const Input input = Rounded(packed, std::vector<float>(in, 1.0F), in, 1);
    std::vector<float> y(16);
    DotPointwise(packed, {0, 16}, {0, in}, input.view, 1, Activation::kNone, {},
                 {y.data(), 1, 0, 16});
    for (const float value : y) EXPECT_NEAR(value, in, 1e-3 * in);
  }
}

TEST_P(DotPointwiseTest, PartsAndNeighboursDoNotMatter) {
  const int in = 600;
  const int out = 112;
  const int pixels = 23;
  for (const DotType type : kTypes) {
    const PackedDotPointwise packed =
        PackDotPointwise(Random(in * out), Random(out), in, out, type, DotBlock(in));
    ASSERT_GT(packed.blocks(), 1);
    const Input input = Rounded(packed, Inputs(type, in * pixels), in, pixels);
    std::vector<float> whole = Nans(out * pixels);
    DotPointwise(packed, {0, out}, {0, packed.in}, input.view, pixels, Activation::kRelu, {},
                 {whole.data(), pixels, 0, out});
    // Pixel by pixel, block by block of inputs, in two parts of the outputs.
    std::vector<float> parts = Nans(out * pixels);
    for (int p = 0; p < pixels; ++p) {
      for (int b = 0; b < packed.blocks(); ++b) {
        const int first = b * packed.block;
        const std::ptrdiff_t skipped = std::ptrdiff_t{first} * packed.bytes_per_input();
        const Quantised one = {input.view.values + p * input.view.value_stride + skipped, 0,
                               input.view.scales + p * input.view.scale_stride + b, 0};
        for (const Channels channels : {Channels{0, 48}, Channels{48, 64}}) {
          DotPointwise(packed, channels, {first, std::min(packed.block, packed.in - first)}, one, 1,
                       Activation::kRelu, {},
                       {parts.data() + std::ptrdiff_t{p} * out + channels.first, 1, 0, out});
        }
      }
    }
    EXPECT_EQ(parts, whole);
  }
}

TEST_P(DotPointwiseTest, PatchesAreReadInPlace) {
  const int run = 2 * kChannelBlock;
  const int patches = 3;
  const int row = patches * run + 5;
  const std::vector<float> picture = Random(4 * row);  // Two rows of patches of two rows.
  const PackedDotPointwise packed = PackDotPointwise(Random(2 * run * 16), Random(16), 2 * run, 16,
                                                     DotType::kInt16, 3 * kChannelBlock);
  const auto product = [&](const PointwiseInput& in) {
    AlignedVector<std::uint8_t> values(2 * patches * 2 * run * sizeof(std::int16_t));
    AlignedVector<float> scales(2 * patches * packed.blocks());
    const Quantised rounded = {values.data(), 2 * run * 2, scales.data(), packed.blocks()};
    Quantise(packed, {0, packed.in}, in, 2 * patches, rounded);
    std::vector<float> y = Nans(2 * patches * 16);
    DotPointwise(packed, {0, 16}, {0, packed.in}, rounded, 2 * patches, Activation::kNone, {},
                 {y.data(), 2 * patches, 0, 16});
    return y;
  };
  std::vector<float> gathered;
  for (int p = 0; p < 2 * patches; ++p) {
    for (int i = 0; i < 2; ++i) {
      const float* from = picture.data() + (p / patches * 2 + i) * row + p % patches * run;
      gathered.insert(gathered.end(), from, from + run);
    }
  }
  const auto expected =
      product({.data = gathered.data(), .pixel_stride = 2 * run, .run_length = 2 * run});
  EXPECT_EQ(product({.data = picture.data(),
                     .pixel_stride = run,
                     .run_length = run,
                     .runs = 2,
                     .run_stride = row,
                     .width = patches,
                     .row_stride = 2 * row}),
            expected);
}

TEST_P(DotPointwiseTest, WhatIsNotFiniteStaysSo) {
  for (const DotType type : kTypes) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const PackedDotPointwise packed =
          PackDotPointwise(Random(20 * 16), Random(16), 20, 16, type, 32);
      std::vector<float> x(20);
      x[7] = bad;
      const Input input = Rounded(packed, x, 20, 1);
      std::vector<float> y(16);
      DotPointwise(packed, {0, 16}, {0, packed.in}, input.view, 1, Activation::kRelu, {},
                   {y.data(), 1, 0, 16});
      for (const float value : y) EXPECT_TRUE(std::isnan(value)) << value;
    }
  }
}

TEST_P(DotPointwiseTest, AWeightThatIsNotFiniteSpoilsItsOutputOnly) {
  for (const DotType type : kTypes) {
    std::vector<float> weight = Random(20 * 16);
    weight[3 * 20 + 5] = std::numeric_limits<float>::quiet_NaN();
    const PackedDotPointwise packed = PackDotPointwise(weight, Random(16), 20, 16, type, 32);
    const Input input = Rounded(packed, Inputs(type, 20), 20, 1);
    std::vector<float> y(16);
    DotPointwise(packed, {0, 16}, {0, packed.in}, input.view, 1, Activation::kNone, {},
                 {y.data(), 1, 0, 16});
    for (int o = 0; o < 16; ++o) EXPECT_EQ(std::isnan(y[o]), o == 3) << o;
  }
}

CNP_EVERY_ISA(DotPointwiseTest);

}  // namespace
}  // namespace cnp::engine
