#include "convnextpose/engine/kernels/tile_pointwise.h"

#include <algorithm>
#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

constexpr TileParts kAllParts[] = {TileParts::kTwo, TileParts::kThree};

// What a product may be off by, relative to the sum of its terms' magnitudes.
double Precision(TileParts parts) { return parts == TileParts::kTwo ? 0x1p-15 : 0x1p-22; }

// Some pixels' activations in parts, with the memory that the kernel may read.
struct SplitMemory {
  SplitMemory(int pixels, int inputs, TileParts parts) {
    view.stride = SplitStride(inputs, parts);
    values.resize((pixels + kTilePixels - 1) / kTilePixels * kTilePixels * view.stride, 0xFFFF);
    view.values = values.data();
  }
  AlignedVector<std::uint16_t> values;
  SplitPixels view;
};

class TilePointwiseTest : public KernelTest {
 protected:
  static SplitMemory SplitUp(const PackedTilePointwise& weights, const std::vector<float>& x,
                             int pixels) {
    const int stride = PaddedChannels(weights.in);
    AlignedVector<float> floats(static_cast<std::size_t>(pixels) * stride, 7);
    for (int p = 0; p < pixels; ++p) {
      std::copy_n(x.begin() + std::ptrdiff_t{p} * weights.in, weights.in,
                  floats.begin() + std::ptrdiff_t{p} * stride);
    }
    SplitMemory memory(pixels, weights.in, weights.parts);
    Split(weights, {.data = floats.data(), .pixel_stride = stride, .run_length = weights.in},
          pixels, memory.view);
    return memory;
  }

  void Compare(TileParts parts, int in, int out, int pixels) {
    const std::vector<float> weight = Random(static_cast<std::size_t>(in) * out);
    const std::vector<float> bias = Random(out);
    const PackedTilePointwise packed = PackTilePointwise(weight, bias, in, out, parts);
    const std::vector<float> x = Random(static_cast<std::size_t>(in) * pixels);
    const SplitMemory input = SplitUp(packed, x, pixels);
    const std::vector<float> residual = Random(static_cast<std::size_t>(pixels) * packed.out);
    std::vector<float> y = Nans(residual.size());
    TilePointwise(packed, {0, in}, input.view, pixels, Activation::kRelu,
                  {residual.data(), pixels, 0, packed.out}, {y.data(), pixels, 0, packed.out});
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < packed.out; ++o) {
        const std::size_t at = static_cast<std::size_t>(p) * packed.out + o;
        double sum = residual[at] + (o < out ? bias[o] : 0);
        double absolute = std::abs(sum);
        for (int i = 0; o < out && i < in; ++i) {
          const double product = static_cast<double>(weight[o * in + i]) * x[p * in + i];
          sum += product;
          absolute += std::abs(product);
        }
        ASSERT_NEAR(y[at], std::max(0.0, sum), Precision(parts) * absolute) << p << ", " << o;
        error_ = std::max(error_, std::abs(y[at] - std::max(0.0, sum)));
      }
    }
  }

  double error_ = 0;
};

TEST_P(TilePointwiseTest, AgreesWithTheProduct) {
  for (const TileParts parts : kAllParts) {
    SCOPED_TRACE(static_cast<int>(parts));
    for (const int pixels : {1, 15, 16, 17, 32, 33, 50}) {
      ASSERT_NO_FATAL_FAILURE(Compare(parts, 40, 48, pixels));
    }
    for (const int in : {1, 16, 31, 32, 33, 64, 80}) {
      ASSERT_NO_FATAL_FAILURE(Compare(parts, in, 29, 9));
    }
    ASSERT_NO_FATAL_FAILURE(Compare(parts, 640, 160, 24));
  }
}

TEST_P(TilePointwiseTest, PartsAreAsFineAsTheySay) {
  ASSERT_NO_FATAL_FAILURE(Compare(TileParts::kThree, 320, 64, 32));
  const double three = error_;
  EXPECT_LT(three, 2e-5);
  ASSERT_NO_FATAL_FAILURE(Compare(TileParts::kTwo, 320, 64, 32));
  EXPECT_LT(error_, 3e-4);
  EXPECT_GT(error_, three);
}

// Numbers far from 1 keep their precision: bfloat16 has the exponents of single precision.
TEST_P(TilePointwiseTest, SmallNumbersKeepTheirPrecision) {
  for (const float size : {1e-12F, 1e-3F, 1e12F}) {
    const std::vector<float> weight = {1.2345678F * size, 2.3456789F};
    const PackedTilePointwise packed =
        PackTilePointwise(weight, std::vector<float>(1), 2, 1, TileParts::kThree);
    const SplitMemory input = SplitUp(packed, {3.4567891F, 4.5678912F * size}, 1);
    std::vector<float> y(16);
    TilePointwise(packed, {0, 2}, input.view, 1, Activation::kNone, {}, {y.data(), 1, 0, 16});
    const double expected = static_cast<double>(weight[0]) * 3.4567891F +
                            static_cast<double>(weight[1]) * (4.5678912F * size);
    EXPECT_NEAR(y[0] / expected, 1, 1e-6);
  }
}

// The two products of a block: chunk by chunk of the hidden channels, in one strip or pixel by
// pixel, the bits are the same.
TEST_P(TilePointwiseTest, PartsAndNeighboursDoNotMatter) {
  const int in = 40;
  const int hidden = 176;
  const int out = 48;
  const int pixels = 37;
  const int chunk = 64;
  for (const TileParts parts : kAllParts) {
    const PackedTilePointwise first =
        PackTilePointwise(Random(in * hidden), Random(hidden), in, hidden, parts);
    const PackedTilePointwise second =
        PackTilePointwise(Random(hidden * out), Random(out), hidden, out, parts);
    const SplitMemory input = SplitUp(first, Random(in * pixels), pixels);
    const std::vector<float> residual = Random(pixels * out);
    const auto run = [&](int strip) {
      std::vector<float> y = Nans(pixels * out);
      for (int c = 0; c < hidden; c += chunk) {
        const Channels channels = {c, std::min(chunk, hidden - c)};
        for (int p = 0; p < pixels; p += strip) {
          const int count = std::min(strip, pixels - p);
          // The last pixels of the view may be read beyond it: give each strip its own copy.
          SplitMemory x(count, in, parts);
          std::copy_n(input.view.values + p * input.view.stride, count * input.view.stride,
                      x.view.values);
          SplitMemory between(count, channels.count, parts);
          TilePointwiseRelu(first, channels, x.view, count, between.view);
          TilePointwise(second, {channels.first, channels.count}, between.view, count,
                        Activation::kNone,
                        {residual.data() + std::ptrdiff_t{p} * out, pixels, 0, out},
                        {y.data() + std::ptrdiff_t{p} * out, pixels, 0, out});
        }
      }
      return y;
    };
    EXPECT_EQ(run(1), run(pixels));
    EXPECT_EQ(run(16), run(pixels));
  }
}

TEST_P(TilePointwiseTest, TheFirstOfTwoProductsIsSplitAsItStands) {
  const int in = 48;
  const int out = 80;
  const int pixels = 21;
  for (const TileParts parts : kAllParts) {
    const PackedTilePointwise packed =
        PackTilePointwise(Random(in * out), Random(out), in, out, parts);
    const SplitMemory input = SplitUp(packed, Random(in * pixels), pixels);
    AlignedVector<float> floats(pixels * out);
    TilePointwise(packed, {0, in}, input.view, pixels, Activation::kRelu, {},
                  {floats.data(), pixels, 0, out});
    const PackedTilePointwise next =
        PackTilePointwise(Random(out * 16), Random(16), out, 16, parts);
    SplitMemory expected(pixels, out, parts);
    Split(next, {.data = floats.data(), .pixel_stride = out, .run_length = out}, pixels,
          expected.view);
    SplitMemory actual(pixels, out, parts);
    TilePointwiseRelu(packed, {0, out}, input.view, pixels, actual.view);
    EXPECT_EQ(actual.values, expected.values);
    SplitMemory some(pixels, 48, parts);
    TilePointwiseRelu(packed, {32, 48}, input.view, pixels, some.view);
    const std::ptrdiff_t tile = SplitStride(kTileInputs, parts);
    EXPECT_TRUE(std::equal(some.view.values, some.view.values + tile, actual.view.values + tile));
  }
}

TEST_P(TilePointwiseTest, PatchesAreReadInPlace) {
  const int run = 3 * kChannelBlock;
  const int patches = 3;
  const int row = patches * run + 5;
  const std::vector<float> picture = Random(4 * row + kChannelBlock);
  const PackedTilePointwise packed =
      PackTilePointwise(Random(2 * run * 16), Random(16), 2 * run, 16, TileParts::kThree);
  std::vector<float> gathered;
  for (int p = 0; p < 2 * patches; ++p) {
    for (int i = 0; i < 2; ++i) {
      const float* from = picture.data() + (p / patches * 2 + i) * row + p % patches * run;
      gathered.insert(gathered.end(), from, from + run);
    }
  }
  SplitMemory expected(2 * patches, 2 * run, packed.parts);
  Split(packed, {.data = gathered.data(), .pixel_stride = 2 * run, .run_length = 2 * run},
        2 * patches, expected.view);
  SplitMemory actual(2 * patches, 2 * run, packed.parts);
  Split(packed,
        {.data = picture.data(),
         .pixel_stride = run,
         .run_length = run,
         .runs = 2,
         .run_stride = row,
         .width = patches,
         .row_stride = 2 * row},
        2 * patches, actual.view);
  EXPECT_EQ(actual.values, expected.values);
}

TEST_P(TilePointwiseTest, WhatIsNotFiniteStaysSo) {
  for (const TileParts parts : kAllParts) {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      std::vector<float> weight = Random(20 * 16);
      const PackedTilePointwise packed = PackTilePointwise(weight, Random(16), 20, 16, parts);
      std::vector<float> x = Random(2 * 20);
      x[7] = bad;
      const SplitMemory input = SplitUp(packed, x, 2);
      std::vector<float> y(32);
      TilePointwise(packed, {0, 20}, input.view, 2, Activation::kRelu, {}, {y.data(), 2, 0, 16});
      for (int i = 0; i < 32; ++i) EXPECT_EQ(std::isnan(y[i]), i < 16) << i;

      weight[3 * 20 + 5] = bad;
      const PackedTilePointwise spoilt = PackTilePointwise(weight, Random(16), 20, 16, parts);
      const SplitMemory good = SplitUp(spoilt, Random(20), 1);
      TilePointwise(spoilt, {0, 20}, good.view, 1, Activation::kNone, {}, {y.data(), 1, 0, 16});
      for (int o = 0; o < 16; ++o) EXPECT_EQ(std::isnan(y[o]), o == 3) << o;
    }
  }
}

// All instruction sets without tiles have the same code.
std::vector<std::string> WithAndWithoutTiles() {
  const std::vector<std::string> isas = SupportedIsas();
  if (isas.front() == "AMX") return {isas.front(), isas.back()};
  return {isas.back()};
}
INSTANTIATE_TEST_SUITE_P(Isa, TilePointwiseTest, ::testing::ValuesIn(WithAndWithoutTiles()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace cnp::engine
