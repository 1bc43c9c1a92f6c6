// What a picture costs beside its network: a decoded 1080p frame with a person's box, to joints in
// camera space.
#include <benchmark/benchmark.h>

#include "convnextpose/convert/fold.h"
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
