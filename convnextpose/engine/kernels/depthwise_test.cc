#include "convnextpose/engine/kernels/depthwise.h"

#include "convnextpose/engine/kernels/kernel_test.h"

namespace cnp::engine {
namespace {

class DepthwiseTest : public KernelTest {
 protected:
  void Compare(int kernel, int channels, int rows, int width) {
    SCOPED_TRACE(testing::Message() << kernel << "x" << kernel << ", " << channels << " channels, "
                                    << rows << "x" << width);
    const std::vector<float> weight = Random(static_cast<std::size_t>(channels) * kernel * kernel);
    const std::vector<float> bias = Random(channels);
    const PackedDepthwise packed = PackDepthwise(weight, bias, channels, kernel);
    const int padded = packed.channels;
    const int in_width = width + kernel - 1;
    // Exactly what may be read, so that AddressSanitizer sees a read too far.
    const std::vector<float> x =
        Random(static_cast<std::size_t>(rows + kernel - 1) * in_width * padded);
    const ConstPixels in = {x.data(), in_width, std::ptrdiff_t{in_width} * padded, padded};
    const int pixel_stride = padded + kChannelBlock;
    std::vector<float> y = Nans(static_cast<std::size_t>(rows) * width * pixel_stride);
    const Pixels out = {y.data(), width, std::ptrdiff_t{width} * pixel_stride, pixel_stride};
    Depthwise(packed, in, rows, out);

    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < width; ++column) {
        for (int c = 0; c < padded; ++c) {
          double sum = c < channels ? bias[c] : 0;
          for (int t = 0; c < channels && t < kernel * kernel; ++t) {
            sum += static_cast<double>(weight[c * kernel * kernel + t]) *
                   in.At(row + t / kernel, column + t % kernel)[c];
          }
          ASSERT_NEAR(out.At(row, column)[c], sum, 1e-5) << row << " " << column << " " << c;
        }
        for (int c = padded; c < pixel_stride; ++c) {
          ASSERT_TRUE(std::isnan(out.At(row, column)[c])) << "wrote between pixels";
        }
      }
    }
  }
};

TEST_P(DepthwiseTest, AgreesWithTheObviousLoop) {
  for (const int kernel : {1, 3, 5, 7, 9}) {
    for (const int width : {1, 2, 3, 4, 5, 8, 11, 13, 16}) {
      ASSERT_NO_FATAL_FAILURE(Compare(kernel, 20, 2, width));
    }
    ASSERT_NO_FATAL_FAILURE(Compare(kernel, 1, 1, 1));
    ASSERT_NO_FATAL_FAILURE(Compare(kernel, 48, 5, 9));
  }
}

CNP_EVERY_ISA(DepthwiseTest);

}  // namespace
}  // namespace cnp::engine
