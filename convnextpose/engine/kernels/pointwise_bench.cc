#include "convnextpose/engine/kernels/pointwise.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace cnp::engine {
namespace {

// Arguments: input channels, output channels, pixels of one tile. Counts multiply-adds a second.
void BM_Pointwise(benchmark::State& state) {
  const int in = static_cast<int>(state.range(0));
  const int out = static_cast<int>(state.range(1));
  const int pixels = static_cast<int>(state.range(2));
  const PackedPointwise weights =
      PackPointwise(std::vector<float>(static_cast<std::size_t>(in) * out, 0.5F),
                    std::vector<float>(out), in, out);
  const AlignedVector<float> x(static_cast<std::size_t>(pixels) * in, 1.0F);
  AlignedVector<float> y(static_cast<std::size_t>(pixels) * weights.out);
  for (auto _ : state) {
    Pointwise(weights, x.data(), in, pixels, Activation::kRelu, {y.data(), pixels, 0, weights.out});
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(in) * out * pixels,
                                               benchmark::Counter::kIsIterationInvariantRate);
}
// The blocks of XS and S by stage, the head and the last layer of L.
BENCHMARK(BM_Pointwise)
    ->Args({40, 160, 64})
    ->Args({160, 40, 64})
    ->Args({96, 384, 64})
    ->Args({160, 640, 64})
    ->Args({640, 160, 64})
    ->Args({384, 1536, 32})
    ->Args({1536, 384, 32})
    ->Args({512, 1152, 64});

}  // namespace
}  // namespace cnp::engine
