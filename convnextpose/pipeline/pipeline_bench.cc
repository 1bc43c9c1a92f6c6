// What a picture costs beside its network: a decoded 1080p frame with a person's box, to joints in
// camera space. And what the first result costs: a safetensors file, read before, to joints.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/convert/convert.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/pipeline/predictor.h"
#include "convnextpose/synthetic/synthetic.h"

namespace cnp::pipeline {
namespace {

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;

engine::Network MakeNetwork(const model::Spec& spec, engine::Precision precision) {
  const convert::FoldedNetwork folded =
      convert::FoldBatchNorm(model::Layers(spec), synthetic::Weights(spec, 1));
  return {folded.layers, folded.weights, precision};
}

void BM_Network(benchmark::State& state, const model::Spec& spec, engine::Precision precision) {
  const engine::Network network = MakeNetwork(spec, precision);
  ThreadPool pool;
  engine::Session session(network, pool);
  const std::vector<float> crop =
      synthetic::Picture(1, spec.input_height, spec.input_width, /*seed=*/1);
  std::vector<engine::JointEstimate> joints(spec.joints);
  for (auto _ : state) session.Run(crop, 1, joints);
}

void BM_Picture(benchmark::State& state, const model::Spec& spec, engine::Precision precision) {
  const engine::Network network = MakeNetwork(spec, precision);
  ThreadPool pool;
  Predictor predictor(network, pose::Human36m(), pool, {.root_depth_mm = {4000}, .max_batch = 1});
  std::vector<std::uint8_t> frame(std::size_t{kWidth} * kHeight * 3);
  const std::vector<float> noise = synthetic::Picture(1, kHeight, kWidth, /*seed=*/1);
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame[i] = static_cast<std::uint8_t>(128 + 30 * noise[i]);
  }
  const std::vector<PictureRequest> request = {
      {{frame.data(), kWidth, kHeight, kWidth * 3}, {{.box = pose::Box{700, 100, 400, 900}}}}};
  for (auto _ : state) {
    const auto results = predictor.Predict(request);
    if (!results[0].ok()) state.SkipWithError(results[0].error().message.c_str());
  }
}

Status WriteNetwork(const model::Spec& spec, const std::filesystem::path& path) {
  const model::Weights weights = synthetic::Weights(spec, 1);
  std::vector<checkpoint::Tensor> tensors;
  for (const model::TensorSpec& tensor : model::Tensors(model::Layers(spec))) {
    if (tensor.counter) continue;
    tensors.push_back(
        checkpoint::DenseTensor(tensor.name, checkpoint::DType::kF32, tensor.shape,
                                std::as_bytes(std::span(weights.Get(tensor.name).values))));
  }
  return checkpoint::WriteSafetensors(path, tensors, convert::Metadata(spec, {}, "generated"));
}

void BM_FirstResult(benchmark::State& state, const model::Spec& spec, engine::Precision precision) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("cnp_bench_" + std::to_string(getpid()) + ".safetensors");
  if (const Status written = WriteNetwork(spec, path); !written.ok()) {
    return state.SkipWithError(written.error().message.c_str());
  }
  const std::vector<float> crop =
      synthetic::Picture(1, spec.input_height, spec.input_width, /*seed=*/1);
  for (auto _ : state) {
    const auto loaded = convert::LoadNetwork(path);
    if (!loaded.ok()) {
      state.SkipWithError(loaded.error().message.c_str());
      break;
    }
    const auto folded = convert::FoldBatchNorm(model::Layers(loaded->spec), loaded->weights);
    const engine::Network network(folded.layers, folded.weights, precision);
    ThreadPool pool;
    engine::Session session(network, pool);
    std::vector<engine::JointEstimate> joints(spec.joints);
    session.Run(crop, 1, joints);
  }
  std::filesystem::remove(path);
}

void RegisterAll() {
  for (const model::Variant& variant : model::Variants()) {
    for (const auto precision : {engine::Precision::kF32, engine::Precision::kF16}) {
      const std::string name = variant.spec.name + "/" + std::string(engine::Name(precision));
      const auto add = [&](const char* what, auto* run) {
        benchmark::RegisterBenchmark((name + what).c_str(), run, variant.spec, precision)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      };
      add("/network", BM_Network);
      add("/picture", BM_Picture);
      add("/first", BM_FirstResult);
    }
  }
}

}  // namespace
}  // namespace cnp::pipeline

int main(int argc, char** argv) {
  cnp::pipeline::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
