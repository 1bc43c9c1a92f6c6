// Exported networks before other people's programs: ONNX's own checker, and OpenCV and ONNX Runtime
// against our engine.
#include "convnextpose/onnx/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>
#include <sys/wait.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <span>

#include "convnextpose/engine/session.h"
#include "convnextpose/onnx/test_folder.h"
#include "convnextpose/synthetic/synthetic.h"

namespace cnp::onnx {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr double kBoundCells = 1e-3;
const std::vector<int> kBatches = {1, 3};

// Sizes that divide nothing; no upsampling before the last layer; an input that is no square.
const model::Spec kOdd = {.name = "odd",
                          .depths = {1, 2, 1, 1},
                          .dims = {5, 7, 13, 19},
                          .head = {{11, 3, false}, {17, 5, true}, {9, 7, true}},
                          .depth_bins = 7,
                          .joints = 5,
                          .input_height = 64,
                          .input_width = 96};
// The smallest that there can be: upsampling starts from one cell.
const model::Spec kTiny = {.name = "tiny",
                           .depths = {1, 1, 1, 1},
                           .dims = {4, 4, 8, 8},
                           .head = {{6, 3, true}, {6, 3, true}},
                           .depth_bins = 2,
                           .joints = 1,
                           .input_height = 32,
                           .input_width = 32};

std::vector<std::string> Names() {
  std::vector<std::string> names = {kOdd.name, kTiny.name};
  for (const model::Variant& variant : model::Variants()) names.push_back(variant.spec.name);
  return names;
}

model::Spec SpecOf(const std::string& name) {
  for (const model::Spec& spec : {kOdd, kTiny}) {
    if (spec.name == name) return spec;
  }
  return model::FindVariant(name).value();
}

class ModelTest : public ::testing::TestWithParam<std::string> {
 protected:
  ModelTest()
      : folded_(convert::FoldBatchNorm(model::Layers(spec_), synthetic::Weights(spec_, kSeed))),
        pictures_(
            synthetic::Picture(kBatches.back(), spec_.input_height, spec_.input_width, kSeed)) {}

  [[nodiscard]] std::string Bytes(bool heatmap) const {
    return SerializeModel({.folded = folded_, .metadata = {{"key", "value"}}, .heatmap = heatmap})
        .value();
  }

  // The pictures as [batch, 3, height, width].
  [[nodiscard]] std::vector<float> Planes() const {
    const std::size_t pixels = std::size_t{1} * spec_.input_height * spec_.input_width;
    std::vector<float> planes(pictures_.size());
    for (std::size_t i = 0; i < planes.size(); ++i) {
      const std::size_t picture = i / (3 * pixels);
      const std::size_t channel = i / pixels % 3;
      planes[i] = pictures_[(picture * pixels + i % pixels) * 3 + channel];
    }
    return planes;
  }

  // x, y, z of every joint, of batches of these sizes that begin with the first picture.
  [[nodiscard]] std::vector<double> Engine(const std::vector<int>& batches) const {
    const engine::Network network(folded_.layers, folded_.weights);
    ThreadPool pool(2);
    engine::Session session(network, pool, kBatches.back());
    std::vector<double> coordinates;
    for (const int batch : batches) {
      std::vector<engine::JointEstimate> joints(batch * spec_.joints);
      session.Run(std::span(pictures_).first(batch * network.input().elements()), batch, joints);
      for (const auto& joint : joints) {
        coordinates.insert(coordinates.end(), std::begin(joint.mean), std::end(joint.mean));
      }
    }
    return coordinates;
  }

  void ExpectNear(const std::vector<double>& actual, const std::vector<double>& expected) const {
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_NEAR(actual[i], expected[i], kBoundCells)
          << "picture " << i / (3 * spec_.joints) << ", joint " << i / 3 % spec_.joints << ", axis "
          << i % 3;
    }
  }

  // Of heatmaps [batch, J, D, H, W], in double precision.
  [[nodiscard]] std::vector<double> SoftArgmax(std::span<const float> heatmaps) const {
    const std::size_t width = spec_.heatmap_width();
    const std::size_t plane = width * spec_.heatmap_height();
    const std::size_t cells = plane * spec_.depth_bins;
    std::vector<double> coordinates;
    for (; !heatmaps.empty(); heatmaps = heatmaps.subspan(cells)) {
      double sum = 0;
      double moments[3] = {};
      for (std::size_t i = 0; i < cells; ++i) {
        const double weight = std::exp(double{heatmaps[i]});
        sum += weight;
        const std::size_t cell[] = {i % width, i % plane / width, i / plane};
        for (int axis = 0; axis < 3; ++axis) {
          moments[axis] += weight * static_cast<double>(cell[axis]);
        }
      }
      for (const double moment : moments) coordinates.push_back(moment / sum);
    }
    return coordinates;
  }

  const model::Spec spec_ = SpecOf(GetParam());
  const convert::FoldedNetwork folded_;
  const std::vector<float> pictures_;
};

std::vector<std::int64_t> Sizes(const ::onnx::ValueInfoProto& value) {
  std::vector<std::int64_t> sizes;
  for (const auto& size : value.type().tensor_type().shape().dim()) {
    sizes.push_back(size.dim_param() == "batch" ? -1 : size.dim_value());
  }
  return sizes;
}

TEST_P(ModelTest, PassesTheCheckerAndItsShapesFollow) {
  for (const bool heatmap : {false, true}) {
    ::onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(Bytes(heatmap)));
    ASSERT_NO_THROW(::onnx::checker::check_model(model));
    const ::onnx::GraphProto& graph = model.graph();
    const std::vector<std::int64_t> volume = {-1, spec_.joints, spec_.depth_bins,
                                              spec_.heatmap_height(), spec_.heatmap_width()};
    EXPECT_EQ(Sizes(graph.output(0)),
              heatmap ? volume : (std::vector<std::int64_t>{-1, spec_.joints, 3}));
    EXPECT_EQ(graph.output(0).name(), heatmap ? "heatmap" : "coordinates");
    EXPECT_EQ(graph.input(0).name(), "picture");
    // Strict: throws where a node's shapes contradict each other or the declared output.
    ASSERT_NO_THROW(::onnx::shape_inference::InferShapes(
        model, ::onnx::OpSchemaRegistry::Instance(),
        {/*check_type=*/true, /*strict_mode=*/1, /*data_prop=*/true}));
  }
}

std::vector<float> RunOpenCv(const std::string& bytes, std::span<float> planes,
                             const model::Spec& spec, const std::vector<int>& batches) {
  cv::setNumThreads(1);
  cv::dnn::Net net = cv::dnn::readNetFromONNX(bytes.data(), bytes.size());
  std::vector<float> all;
  for (const int batch : batches) {
    net.setInput(
        cv::Mat({batch, 3, spec.input_height, spec.input_width}, CV_32F, planes.data()).clone());
    const cv::Mat out = net.forward();
    all.insert(all.end(), out.ptr<float>(), out.ptr<float>() + out.total());
  }
  return all;
}

TEST_P(ModelTest, OpenCvAgreesWithOurEngine) {
  std::vector<float> planes = Planes();
  const std::vector<float> coordinates = RunOpenCv(Bytes(false), planes, spec_, kBatches);
  ASSERT_NO_FATAL_FAILURE(ExpectNear({coordinates.begin(), coordinates.end()}, Engine(kBatches)));
  const std::vector<float> heatmaps = RunOpenCv(Bytes(true), planes, spec_, {1});
  ASSERT_NO_FATAL_FAILURE(ExpectNear(SoftArgmax(heatmaps), Engine({1})));
}

// What tools/onnx/run.mjs prints; its exit status in `status`.
std::vector<float> RunOnnxRuntime(const TestFolder& folder, const std::string& bytes,
                                  const std::vector<float>& planes, const model::Spec& spec,
                                  const std::vector<int>& batches, int& status) {
  std::ofstream(folder.Path("model.onnx"), std::ios::binary) << bytes;
  std::ofstream(folder.Path("pictures.f32"), std::ios::binary)
      .write(reinterpret_cast<const char*>(planes.data()),
             static_cast<std::streamsize>(planes.size() * sizeof(float)));
  std::string command = "node " CNP_SOURCE "/tools/onnx/run.mjs " + folder.Path("model.onnx") +
                        " " + folder.Path("pictures.f32") + " " +
                        std::to_string(spec.input_height) + " " + std::to_string(spec.input_width);
  for (const int batch : batches) command += " " + std::to_string(batch);
  command += " >" + folder.Path("output.f32") + " 2>" + folder.Path("messages");
  status = std::system(command.c_str());
  status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  const std::string output = folder.Read("output.f32");
  std::vector<float> values(output.size() / sizeof(float));
  std::memcpy(values.data(), output.data(), values.size() * sizeof(float));
  return values;
}

TEST_P(ModelTest, OnnxRuntimeAgreesWithOurEngine) {
  const TestFolder folder;
  int status = 0;
  const std::vector<float> coordinates =
      RunOnnxRuntime(folder, Bytes(false), Planes(), spec_, kBatches, status);
  if (status == 77 || status == 127) GTEST_SKIP() << folder.Read("messages");
  ASSERT_EQ(status, 0) << folder.Read("messages");
  ASSERT_NO_FATAL_FAILURE(ExpectNear({coordinates.begin(), coordinates.end()}, Engine(kBatches)));
  const std::vector<float> heatmaps =
      RunOnnxRuntime(folder, Bytes(true), Planes(), spec_, {1}, status);
  ASSERT_EQ(status, 0) << folder.Read("messages");
  ASSERT_NO_FATAL_FAILURE(ExpectNear(SoftArgmax(heatmaps), Engine({1})));
}

INSTANTIATE_TEST_SUITE_P(All, ModelTest, ::testing::ValuesIn(Names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace cnp::onnx
