#include "convnextpose/engine/kernels/sparse_pointwise.h"

#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

class SparsePointwiseTest : public KernelTest {
 protected:
  // Uniform in [-1, 1), but most are zero: whole pixels, whole channels, and others here and there.
  std::vector<float> Sparse(int pixels, int channels) {
    std::vector<float> values = Random(static_cast<std::size_t>(pixels) * channels);
    for (int i = 0; i < pixels * channels; ++i) {
      const bool zero = i / channels % 5 == 3 || i % channels % 7 == 2 || values[i] < 0.1F;
      if (zero) values[i] = i % 2 == 0 ? 0.0F : -0.0F;
    }
    return values;
  }

  static void ExpectProduct(const std::vector<float>& weight, const std::vector<float>& bias,
                            const std::vector<float>& x, const std::vector<float>& residual,
                            const std::vector<float>& y, int in, int pixels) {
    const int out = static_cast<int>(bias.size());
    const int padded = PaddedChannels(out);
    for (int p = 0; p < pixels; ++p) {
      for (int o = 0; o < padded; ++o) {
        double sum = o < out ? bias[o] : 0;
        for (int i = 0; o < out && i < in; ++i) {
          sum += static_cast<double>(weight[o * in + i]) * x[p * in + i];
        }
        if (!residual.empty()) sum += residual[p * padded + o];
        ASSERT_NEAR(y[p * padded + o], sum, 1e-6 * (in + 4)) << "pixel " << p << " channel " << o;
      }
    }
  }
};

struct Size {
  int in;
  int out;
  int pixels;
};
// Every number of vectors of outputs and every remainder of pixels; inputs of several chunks, with
// and without a remainder; outputs of several groups.
std::vector<Size> Sizes() {
  std::vector<Size> sizes = {{160, 40, 64}, {640, 160, 70}, {300, 320, 9}, {3, 1, 1}};
  for (int pixels = 1; pixels <= 9; ++pixels) sizes.push_back({37, 20, pixels});
  for (int blocks = 1; blocks <= 14; ++blocks) {
    sizes.push_back({53, blocks * kChannelBlock - 3, 5});
  }
  return sizes;
}

TEST_P(SparsePointwiseTest, AgreesWithTheObviousLoop) {
  for (const auto& [in, out, pixels] : Sizes()) {
    SCOPED_TRACE(testing::Message() << in << " -> " << out << ", " << pixels);
    const std::vector<float> weight = Random(static_cast<std::size_t>(in) * out);
    const std::vector<float> bias = Random(out);
    const PackedSparsePointwise packed = PackSparsePointwise(weight, bias, in, out);
    const std::vector<float> x = Sparse(pixels, in);
    std::vector<float> residual = Random(static_cast<std::size_t>(pixels) * packed.out);
    std::vector<float> y = Nans(residual.size());
    SparsePointwise(packed, x.data(), in, pixels, {residual.data(), pixels, 0, packed.out},
                    {y.data(), pixels, 0, packed.out});
    ASSERT_NO_FATAL_FAILURE(ExpectProduct(weight, bias, x, residual, y, in, pixels));
    SparsePointwise(packed, x.data(), in, pixels, {}, {y.data(), pixels, 0, packed.out});
    ASSERT_NO_FATAL_FAILURE(ExpectProduct(weight, bias, x, {}, y, in, pixels));
  }
}

TEST_P(SparsePointwiseTest, PartsOfTheInputsSumUpToTheSameBits) {
  const int out = 160;
  const int pixels = 70;
  const PackedSparsePointwise packed =
      PackSparsePointwise(Random(640 * out), Random(out), 640, out);
  ASSERT_LT(packed.chunk, 640);
  const std::vector<float> x = Sparse(pixels, 640);
  const std::vector<float> skip = Random(static_cast<std::size_t>(pixels) * out);
  const ConstPixels residual = {skip.data(), pixels, 0, out};
  std::vector<float> whole = Nans(skip.size());
  SparsePointwise(packed, x.data(), 640, pixels, residual, {whole.data(), pixels, 0, out});
  std::vector<float> parts = Nans(skip.size());
  for (int first = 0; first < 640; first += packed.chunk) {
    SparsePointwise(packed, {first, std::min(packed.chunk, 640 - first)}, x.data() + first, 640,
                    pixels, residual, {parts.data(), pixels, 0, out});
  }
  EXPECT_EQ(parts, whole);
}

TEST_P(SparsePointwiseTest, APixelDoesNotDependOnItsNeighbours) {
  const int in = 33;
  const int out = 80;
  const int pixels = 11;
  const PackedSparsePointwise packed = PackSparsePointwise(Random(in * out), Random(out), in, out);
  const std::vector<float> x = Sparse(pixels, in);
  const auto run = [&](int from, int count, std::vector<float>& y) {
    SparsePointwise(packed, x.data() + from * in, in, count, {},
                    {y.data() + static_cast<std::ptrdiff_t>(from) * out, pixels, 0, out});
  };
  std::vector<float> whole = Nans(out * pixels);
  run(0, pixels, whole);
  for (int split = 1; split < pixels; ++split) {
    std::vector<float> parts = Nans(out * pixels);
    run(0, split, parts);
    run(split, pixels - split, parts);
    ASSERT_EQ(parts, whole) << "split at " << split;
  }
}

TEST_P(SparsePointwiseTest, OnlyItsPixelsAreWritten) {
  const int width = 3;
  const int pixel_stride = 48 + kChannelBlock;
  const int row_stride = width * pixel_stride + 5;
  const PackedSparsePointwise packed = PackSparsePointwise(Random(20 * 48), Random(48), 20, 48);
  const std::vector<float> x = Sparse(5, 20);
  std::vector<float> y = Nans(2 * row_stride);
  const Pixels view = {y.data(), width, row_stride, pixel_stride};
  SparsePointwise(packed, x.data(), 20, 5, {}, view);
  std::vector<bool> written(y.size(), false);
  for (int p = 0; p < 5; ++p) {
    for (int c = 0; c < 48; ++c) written[view.At(p) + c - y.data()] = true;
  }
  for (std::size_t i = 0; i < y.size(); ++i) ASSERT_EQ(written[i], !std::isnan(y[i])) << "at " << i;
}

TEST_P(SparsePointwiseTest, NanIsNotTakenForZero) {
  const PackedSparsePointwise packed = PackSparsePointwise(Random(20 * 16), Random(16), 20, 16);
  for (const int at : {0, 17, 19}) {
    std::vector<float> x(20);
    x[at] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> y(16);
    SparsePointwise(packed, x.data(), 20, 1, {}, {y.data(), 1, 16, 16});
    for (float value : y) EXPECT_TRUE(std::isnan(value));
  }
}

CNP_EVERY_ISA(SparsePointwiseTest);

}  // namespace
}  // namespace cnp::engine
