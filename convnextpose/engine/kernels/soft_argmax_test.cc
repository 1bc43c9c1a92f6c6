#include "convnextpose/engine/kernels/soft_argmax.h"

#include <cmath>

#include "convnextpose/engine/kernels/kernel_test.h"
#include "convnextpose/engine/reference.h"

namespace cnp::engine {
namespace {

class SoftArgmaxTest : public KernelTest {
 protected:
  // Logits of trained networks span tens; the sharpest peaks hold one cell.
  void Compare(int height, int width, int bins, bool upsample, float spread) {
    SCOPED_TRACE(testing::Message() << height << "x" << width << "x" << bins << " x2: " << upsample
                                    << " spread " << spread);
    const int joints = 3;
    const int channels = PaddedChannels(joints * bins);
    std::vector<float> logits = Nans(static_cast<std::size_t>(height) * width * channels);
    ReferenceTensor heatmaps(model::Shape{height, width, joints * bins});
    const std::vector<float> values = Random(heatmaps.values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t cell = i / (joints * bins);
      logits[cell * channels + i % (joints * bins)] = values[i] * spread;
      heatmaps.values[i] = values[i] * spread;
    }
    if (upsample) {
      model::Layer layer{.kind = model::LayerKind::kUpsample};
      layer.in = heatmaps.shape;
      layer.out = {2 * height, 2 * width, joints * bins};
      heatmaps = ReferenceLayer(layer, {}, heatmaps, heatmaps);
    }
    const std::vector<ReferenceJoint> expected = ReferenceSoftArgmax(heatmaps, joints);

    const HeatmapShape shape(height, width, bins, joints, upsample);
    const ConstPixels view = {logits.data(), width, width * channels, channels};
    for (int joint = 0; joint < joints; ++joint) {
      std::vector<float> scratch = Nans(SoftArgmaxScratch(shape));
      const JointEstimate actual = SoftArgmax(shape, view, joint, scratch);
      for (int axis = 0; axis < 3; ++axis) {
        ASSERT_NEAR(actual.mean[axis], expected[joint].mean[axis], 2e-5) << joint << " " << axis;
        ASSERT_NEAR(actual.sigma[axis], expected[joint].sigma[axis], 2e-4) << joint << " " << axis;
      }
      ASSERT_GE(actual.confidence, 0);
      ASSERT_LE(actual.confidence, 1 + 1e-6);
    }
  }
};

TEST_P(SoftArgmaxTest, AgreesWithTheReference) {
  for (const bool upsample : {false, true}) {
    for (const float spread : {0.0F, 1.0F, 30.0F}) {
      for (const int bins : {1, 7, 16, 24, 33, 64}) {
        ASSERT_NO_FATAL_FAILURE(Compare(4, 3, bins, upsample, spread));
      }
      ASSERT_NO_FATAL_FAILURE(Compare(1, 1, 5, upsample, spread));
      ASSERT_NO_FATAL_FAILURE(Compare(16, 12, 32, upsample, spread));
    }
  }
}

// Logits may be far from zero: only differences matter.
TEST_P(SoftArgmaxTest, LargeOffsetsDoNotOverflow) {
  const HeatmapShape shape(2, 2, 16, 1, false);
  std::vector<float> scratch(SoftArgmaxScratch(shape));
  for (const float offset : {-1e4F, 1e4F}) {
    std::vector<float> logits(2 * 2 * 16, offset);
    logits[3 * 16 + 5] += 200;  // Row 1, column 1, bin 5.
    const JointEstimate joint = SoftArgmax(shape, {logits.data(), 2, 32, 16}, 0, scratch);
    EXPECT_FLOAT_EQ(joint.mean[0], 1);
    EXPECT_FLOAT_EQ(joint.mean[1], 1);
    EXPECT_FLOAT_EQ(joint.mean[2], 5);
    EXPECT_FLOAT_EQ(joint.confidence, 1);
    EXPECT_NEAR(joint.sigma[2], 0, 1e-6);
  }
}

TEST_P(SoftArgmaxTest, TwoPeaksAreNotConfident) {
  const HeatmapShape shape(32, 32, 32, 1, false);
  std::vector<float> scratch(SoftArgmaxScratch(shape));
  std::vector<float> logits(32 * 32 * 32, 0);
  logits[(10 * 32 + 4) * 32 + 8] = 40;
  EXPECT_GT(SoftArgmax(shape, {logits.data(), 32, 1024, 32}, 0, scratch).confidence, 0.99);
  logits[(10 * 32 + 24) * 32 + 8] = 40;
  const JointEstimate two = SoftArgmax(shape, {logits.data(), 32, 1024, 32}, 0, scratch);
  EXPECT_NEAR(two.mean[0], 14, 1e-3);
  EXPECT_NEAR(two.sigma[0], 10, 1e-3);
  EXPECT_LT(two.confidence, 0.01);
}

TEST_P(SoftArgmaxTest, NonFiniteLogitsAreNotHidden) {
  const HeatmapShape shape(2, 2, 24, 1, false);
  std::vector<float> scratch(SoftArgmaxScratch(shape));
  std::vector<float> logits(2 * 2 * 32, 0);
  logits[32 + 20] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(SoftArgmax(shape, {logits.data(), 2, 64, 32}, 0, scratch).mean[0]));
}

CNP_EVERY_ISA(SoftArgmaxTest);

}  // namespace
}  // namespace cnp::engine
