// The whole network, by variant, threads and batch; weights as in the golden tests.
//   network_bench --benchmark_filter='XS/2/1' --benchmark_repetitions=5
#include <benchmark/benchmark.h>

#include <string>

#include "convnextpose/convert/fold.h"
#include "convnextpose/engine/session.h"
#include "convnextpose/synthetic/synthetic.h"

namespace cnp {
namespace {

engine::Network MakeNetwork(const model::Spec& spec) {
  const std::vector<model::Layer> layers = model::Layers(spec);
  const convert::FoldedNetwork folded =
      convert::FoldBatchNorm(layers, synthetic::Weights(spec, /*seed=*/1));
  return {folded.layers, folded.weights};
}

void BM_Network(benchmark::State& state, const model::Spec& spec, int threads, int batch) {
  const engine::Network network = MakeNetwork(spec);
  ThreadPool pool(threads);
  engine::Session session(network, pool, batch);
  const std::vector<float> pictures =
      synthetic::Picture(batch, spec.input_height, spec.input_width, /*seed=*/1);
  std::vector<engine::JointEstimate> joints(static_cast<std::size_t>(batch) * spec.joints);
  for (auto _ : state) session.Run(pictures, batch, joints);
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(model::Macs(model::Layers(spec))) * batch,
                         benchmark::Counter::kIsIterationInvariantRate);
}

void RegisterAll() {
  for (const model::Variant& variant : model::Variants()) {
    for (const int threads : {1, 2}) {
      for (const int batch : {1, 8}) {
        const std::string name =
            variant.spec.name + "/" + std::to_string(threads) + "/" + std::to_string(batch);
        benchmark::RegisterBenchmark(name.c_str(), BM_Network, variant.spec, threads, batch)
            ->Unit(benchmark::kMillisecond)
            ->UseRealTime();
      }
    }
  }
}

}  // namespace
}  // namespace cnp

int main(int argc, char** argv) {
  cnp::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
