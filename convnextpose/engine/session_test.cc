#include "convnextpose/engine/session.h"

#include <cmath>
#include <cstring>

#include "convnextpose/engine/kernels/kernel_test.h"
#include "convnextpose/engine/reference.h"

namespace cnp::engine {
namespace {

using model::LayerKind;

// A network of `spec` without BatchNorms, but for the affine layer that folding leaves before the
// head; weights of a size that keeps activations near 1.
class SessionTest : public KernelTest {
 protected:
  void Make(const model::Spec& spec) {
    ASSERT_TRUE(model::Validate(spec).ok());
    layers_.clear();
    weights_ = {};
    for (model::Layer layer : model::Layers(spec)) {
      if (layer.kind == LayerKind::kBatchNorm && layer.name != "backbone.norm") continue;
      if (layer.kind == LayerKind::kBatchNorm) layer.kind = LayerKind::kAffine;
      for (const model::TensorSpec& tensor : model::Tensors(layer)) {
        std::vector<float> values = Random(tensor.elements());
        const double fan_in = static_cast<double>(tensor.elements()) / tensor.shape.front();
        for (float& value : values) value *= static_cast<float>(1.7 / std::sqrt(fan_in));
        weights_.Set(tensor.name, {tensor.shape, std::move(values)});
      }
      layers_.push_back(layer);
    }
    pixels_ = static_cast<std::size_t>(spec.input_height) * spec.input_width * 3;
    joints_ = spec.joints;
  }

  std::vector<JointEstimate> Run(const std::vector<float>& pictures, int threads, int max_batch,
                                 Precision precision = Precision::kF32) {
    const Network network(layers_, weights_, precision);
    ThreadPool pool(threads);
    Session session(network, pool, max_batch);
    const int total = static_cast<int>(pictures.size() / pixels_);
    std::vector<JointEstimate> joints(static_cast<std::size_t>(total) * joints_);
    for (int first = 0; first < total; first += max_batch) {
      const int batch = std::min(max_batch, total - first);
      session.Run(std::span(pictures).subspan(first * pixels_, batch * pixels_), batch,
                  std::span(joints).subspan(first * joints_, batch * joints_));
    }
    return joints;
  }

  void CompareWithReference() {
    const std::vector<float> picture = Random(pixels_);
    const auto expected = RunReference(layers_, weights_, picture);
    const auto actual = Run(picture, 2, 1);
    double moved = 0;
    for (int joint = 0; joint < joints_; ++joint) {
      for (int axis = 0; axis < 3; ++axis) {
        ASSERT_NEAR(actual[joint].mean[axis], expected[joint].mean[axis], 1e-4) << joint;
        ASSERT_NEAR(actual[joint].sigma[axis], expected[joint].sigma[axis], 1e-3) << joint;
        moved += std::abs(expected[joint].mean[axis] - expected[0].mean[axis]);
      }
    }
    EXPECT_GT(moved, 0.1) << "the joints are all alike: this compares nothing";
  }

  std::vector<model::Layer> layers_;
  model::Weights weights_;
  std::size_t pixels_ = 0;
  int joints_ = 0;
};

model::Spec Small() {
  return {"small",
          {1, 1, 2, 1},
          {12, 20, 24, 36},
          {{24, 3, true}, {20, 5, true}, {28, 7, false}},
          16,
          5,
          64,
          96};
}

TEST_P(SessionTest, AgreesWithTheReference) {
  Make(Small());
  ASSERT_NO_FATAL_FAILURE(CompareWithReference());
}

TEST_P(SessionTest, AgreesWhereTheLastLayerUpsamples) {
  model::Spec spec = Small();
  spec.head = {{24, 3, false}, {24, 3, true}};
  spec.depth_bins = 24;
  spec.input_width = 64;
  Make(spec);
  ASSERT_NO_FATAL_FAILURE(CompareWithReference());
  spec.head = {{24, 9, true}};
  spec.input_height = 32;
  Make(spec);
  ASSERT_NO_FATAL_FAILURE(CompareWithReference());
}

TEST_P(SessionTest, SameBitsForAnyThreadsAndBatches) {
  Make(Small());
  const int pictures = 5;
  const std::vector<float> input = Random(pictures * pixels_);
  const std::vector<JointEstimate> expected = Run(input, 1, 1);
  for (const int threads : {1, 2, 3, 8}) {
    for (const int batch : {1, 2, 5}) {
      const std::vector<JointEstimate> actual = Run(input, threads, batch);
      EXPECT_EQ(std::memcmp(actual.data(), expected.data(), actual.size() * sizeof(JointEstimate)),
                0)
          << threads << " threads, batch " << batch;
    }
  }
}

TEST_P(SessionTest, RoundedNumbersStayNear) {
  Make(Small());
  const std::vector<float> picture = Random(pixels_);
  const auto exact = Run(picture, 2, 1);
  for (const auto& [precision, bound] :
       {std::pair(Precision::kF16, 0.01), std::pair(Precision::kInt8, 0.5)}) {
    const auto rounded = Run(picture, 2, 1, precision);
    double difference = 0;
    for (int joint = 0; joint < joints_; ++joint) {
      for (int axis = 0; axis < 3; ++axis) {
        ASSERT_NEAR(rounded[joint].mean[axis], exact[joint].mean[axis], bound) << Name(precision);
        difference += std::abs(rounded[joint].mean[axis] - exact[joint].mean[axis]);
      }
    }
    EXPECT_GT(difference, 0) << Name(precision) << " rounds nothing";
  }
}

TEST_P(SessionTest, TheProfileTimesEveryLayer) {
  Make(Small());
  const Network network(layers_, weights_);
  ThreadPool pool(2);
  Session session(network, pool);
  Profile profile;
  session.SetProfile(&profile);
  std::vector<JointEstimate> joints(joints_);
  session.Run(Random(pixels_), 1, joints);
  const std::vector<double> seconds = profile.Seconds();
  ASSERT_EQ(seconds.size(), network.timed_layers().size());
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    EXPECT_GT(seconds[i], 0) << network.timed_layers()[i].name;
  }
}

CNP_EVERY_ISA(SessionTest);

}  // namespace
}  // namespace cnp::engine
