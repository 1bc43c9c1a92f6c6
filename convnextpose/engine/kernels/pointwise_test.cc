#include "convnextpose/engine/kernels/pointwise.h"

#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

struct Size {
  int in;
  int out;
  int pixels;
};
// Every remainder of the register tiles (1..13 pixels, 1..7 panels), and real sizes.
std::vector<Size> Sizes() {
  std::vector<Size> sizes = {{3, 1, 1}, {48, 40, 64}, {320, 1280, 32}, {1280, 320, 32}};
  for (int pixels = 1; pixels <= 13; ++pixels) sizes.push_back({7, 20, pixels});
  for (int panels = 1; panels <= 7; ++panels) sizes.push_back({5, panels * kChannelBlock - 3, 11});
  return sizes;
}

class PointwiseTest : public KernelTest {
 protected:
  // in_stride is larger than the channels, out's rows and pixels lie apart, some rows only partly
  // used: nothing outside the pixels asked for may change.
  void Compare(const Size& size, Activation activation) {
    const auto [in, out, pixels] = size;
    const std::vector<float> weight = Random(static_cast<std::size_t>(in) * out);
    const std::vector<float> bias = Random(out);
    const PackedPointwise packed = PackPointwise(weight, bias, in, out);
    const int in_stride = in + 3;
    const std::vector<float> x = Random(static_cast<std::size_t>(pixels) * in_stride);
    const int width = 4;
    const int rows = (pixels + width - 1) / width;
    const int pixel_stride = packed.out + kChannelBlock;
    const int row_stride = width * pixel_stride + 5;
    const std::size_t floats = static_cast<std::size_t>(rows) * row_stride;
    std::vector<float> y = Nans(floats);
    const Pixels view = {y.data(), width, row_stride, pixel_stride};
    Pointwise(packed, x.data(), in_stride, pixels, activation, view);

    std::vector<bool> written(floats, false);
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < packed.out; ++o) {
        double sum = o < out ? bias[o] : 0;
        for (int i = 0; o < out && i < in; ++i) {
          sum += static_cast<double>(weight[o * in + i]) * x[p * in_stride + i];
        }
        if (activation == Activation::kRelu) sum = std::max(sum, 0.0);
        const std::size_t at = view.At(p) + o - y.data();
        ASSERT_NEAR(y[at], sum, 1e-6 * (in + 4)) << "pixel " << p << " channel " << o;
        written[at] = true;
      }
    }
    for (std::size_t i = 0; i < floats; ++i) {
      ASSERT_TRUE(written[i] || std::isnan(y[i])) << "wrote outside its pixels at " << i;
    }
  }
};

TEST_P(PointwiseTest, AgreesWithTheObviousLoop) {
  for (const Size& size : Sizes()) {
    SCOPED_TRACE(testing::Message() << size.in << " -> " << size.out << ", " << size.pixels);
    ASSERT_NO_FATAL_FAILURE(Compare(size, Activation::kNone));
    ASSERT_NO_FATAL_FAILURE(Compare(size, Activation::kRelu));
  }
}

TEST_P(PointwiseTest, ChannelsCanBeComputedInParts) {
  const int in = 21;
  const int out = 112;
  const int pixels = 9;
  const PackedPointwise packed = PackPointwise(Random(in * out), Random(out), in, out);
  const std::vector<float> x = Random(in * pixels);
  std::vector<float> whole = Nans(out * pixels);
  Pointwise(packed, x.data(), in, pixels, Activation::kNone, {whole.data(), pixels, 0, out});
  const PointwiseInput input = {.data = x.data(), .pixel_stride = in, .run_length = in};
  for (int first = 0; first < out; first += kChannelBlock) {
    for (int count = kChannelBlock; first + count <= out; count += kChannelBlock) {
      std::vector<float> part = Nans(count * pixels);
      Pointwise(packed, {first, count}, input, pixels, Activation::kNone,
                {part.data(), pixels, 0, count});
      for (int i = 0; i < count * pixels; ++i) {
        ASSERT_EQ(part[i], whole[i / count * out + first + i % count])
            << first << " + " << count << " at " << i;
      }
    }
  }
}

// A 3x3 convolution with stride 3 over two rows of five patches, against the gathered patches.
TEST_P(PointwiseTest, PatchesAreReadInPlace) {
  const int kernel = 3;
  const int channels = 4;
  const int patches = 5;
  const int out = 48;
  const int run = kernel * channels;
  const int row = patches * run + 7;
  const std::vector<float> picture = Random(std::size_t{2} * kernel * row);
  const PackedPointwise packed =
      PackPointwise(Random(kernel * run * out), Random(out), kernel * run, out);
  std::vector<float> gathered;
  for (int p = 0; p < 2 * patches; ++p) {
    for (int i = 0; i < kernel; ++i) {
      const float* from = picture.data() + (p / patches * kernel + i) * row + p % patches * run;
      gathered.insert(gathered.end(), from, from + run);
    }
  }
  std::vector<float> expected = Nans(2 * patches * out);
  Pointwise(packed, gathered.data(), kernel * run, 2 * patches, Activation::kRelu,
            {expected.data(), 2 * patches, 0, out});
  std::vector<float> y = Nans(2 * patches * out);
  Pointwise(packed, {0, out},
            {.data = picture.data(),
             .pixel_stride = run,
             .run_length = run,
             .runs = kernel,
             .run_stride = row,
             .width = patches,
             .row_stride = kernel * row},
            2 * patches, Activation::kRelu, {y.data(), 2 * patches, 0, out});
  EXPECT_EQ(y, expected);
}

TEST_P(PointwiseTest, APixelDoesNotDependOnItsNeighbours) {
  const int in = 33;
  const int pixels = 23;
  const PackedPointwise packed = PackPointwise(Random(in * 80), Random(80), in, 80);
  const std::vector<float> x = Random(in * pixels);
  const auto run = [&](int from, int count, std::vector<float>& y) {
    Pointwise(packed, x.data() + from * in, in, count, Activation::kNone,
              {y.data() + static_cast<std::ptrdiff_t>(from) * 80, pixels, 0, 80});
  };
  std::vector<float> whole = Nans(80 * pixels);
  run(0, pixels, whole);
  for (int split = 1; split < pixels; ++split) {
    std::vector<float> parts = Nans(80 * pixels);
    run(0, split, parts);
    run(split, pixels - split, parts);
    ASSERT_EQ(parts, whole) << "split at " << split;
  }
}

// Small weights, as trained networks have: far below half precision's normal range without a scale.
TEST_P(PointwiseTest, HalfWeightsKeepElevenBits) {
  for (const float size : {1.0F, 1e-6F, 1e4F, 0.0F}) {
    const int in = 70;
    const int out = 40;
    const int pixels = 9;
    std::vector<float> weight = Random(in * out);
    for (float& w : weight) w *= size;
    std::vector<float> bias = Random(out);
    for (float& b : bias) b *= size;
    const PackedHalfPointwise packed = PackHalfPointwise(weight, bias, in, out);
    const std::vector<float> x = Random(in * pixels);
    std::vector<float> y = Nans(packed.out * pixels);
    Pointwise(packed, {0, packed.out}, {.data = x.data(), .pixel_stride = in, .run_length = in},
              pixels, Activation::kRelu, {y.data(), pixels, 0, packed.out});
    double difference = 0;
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < out; ++o) {
        double sum = bias[o];
        for (int i = 0; i < in; ++i) {
          sum += static_cast<double>(weight[o * in + i]) * x[p * in + i];
        }
        const double expected = std::max(sum, 0.0);
        ASSERT_NEAR(y[p * packed.out + o], expected, size * in * 0x1p-12) << size;
        difference = std::max(difference, std::abs(y[p * packed.out + o] - expected));
      }
    }
    EXPECT_EQ(difference > 1e-6 * size, size != 0) << "nothing was rounded";
  }
}

TEST_P(PointwiseTest, NanIsNotHiddenByRelu) {
  const PackedPointwise packed = PackPointwise(Random(4 * 16), Random(16), 4, 16);
  const std::vector<float> x = Nans(4);
  std::vector<float> y(16);
  Pointwise(packed, x.data(), 4, 1, Activation::kRelu, {y.data(), 1, 16, 16});
  for (float value : y) EXPECT_TRUE(std::isnan(value));
}

CNP_EVERY_ISA(PointwiseTest);

}  // namespace
}  // namespace cnp::engine
