#include "convnextpose/engine/kernels/upsample.h"

#include "convnextpose/engine/kernels/kernel_test.h"
#include "convnextpose/engine/reference.h"

namespace cnp::engine {
namespace {

class UpsampleTest : public KernelTest {};

TEST_P(UpsampleTest, AgreesWithTheReferenceLayer) {
  for (const auto& [height, width] : {std::pair{1, 1}, {2, 3}, {8, 8}, {5, 16}, {33, 2}}) {
    const int channels = 2 * kChannelBlock;
    model::Layer layer{.kind = model::LayerKind::kUpsample};
    layer.in = {height, width, channels};
    layer.out = {2 * height, 2 * width, channels};
    ReferenceTensor reference_in(layer.in);
    const std::vector<float> x = Random(reference_in.values.size());
    reference_in.values.assign(x.begin(), x.end());
    const ReferenceTensor expected = ReferenceLayer(layer, {}, reference_in, reference_in);

    std::vector<float> y = Nans(expected.values.size());
    const std::vector<Lerp> rows = UpsampleTable(height);
    const Pixels out = {y.data(), 2 * width, 2 * width * channels, channels};
    for (int row = 0; row < 2 * height; ++row) {
      UpsampleRow({x.data(), width, width * channels, channels}, channels, rows[row],
                  UpsampleTable(width), out.From(row));
    }
    ExpectClose(y, expected.values, 1e-6);
  }
}

TEST(UpsampleTableTest, CornersKeepTheirValues) {
  for (const int size : {1, 2, 7, 32}) {
    const std::vector<Lerp> table = UpsampleTable(size);
    ASSERT_EQ(table.size(), 2U * size);
    EXPECT_EQ(table.front().low, 0);
    EXPECT_EQ(table.front().weight, 0);
    EXPECT_EQ(table.back().low, size - 1);
    EXPECT_EQ(table.back().high, size - 1);
    EXPECT_EQ(table.back().weight, 0);
  }
}

CNP_EVERY_ISA(UpsampleTest);

}  // namespace
}  // namespace cnp::engine
