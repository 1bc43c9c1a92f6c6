#include "convnextpose/engine/kernels/depthwise.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace cnp::engine {
namespace {

// Arguments: kernel, channels, rows, width. Counts multiply-adds a second.
void BM_Depthwise(benchmark::State& state) {
  const int kernel = static_cast<int>(state.range(0));
  const int channels = static_cast<int>(state.range(1));
  const int rows = static_cast<int>(state.range(2));
  const int width = static_cast<int>(state.range(3));
  const PackedDepthwise weights =
      PackDepthwise(std::vector<float>(static_cast<std::size_t>(channels) * kernel * kernel, 0.5F),
                    std::vector<float>(channels), channels, kernel);
  const int c = weights.channels;
  const int in_width = width + kernel - 1;
  const AlignedVector<float> x(static_cast<std::size_t>(rows + kernel - 1) * in_width * c, 1.0F);
  AlignedVector<float> y(static_cast<std::size_t>(rows) * width * c);
  for (auto _ : state) {
    Depthwise(weights, {x.data(), in_width, std::ptrdiff_t{in_width} * c, c}, rows,
              {y.data(), width, std::ptrdiff_t{width} * c, c});
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] =
      benchmark::Counter(static_cast<double>(kernel) * kernel * channels * rows * width,
                         benchmark::Counter::kIsIterationInvariantRate);
}
// One tile of each stage of XS, and of the head of L.
BENCHMARK(BM_Depthwise)
    ->Args({7, 40, 1, 64})
    ->Args({7, 80, 2, 32})
    ->Args({7, 160, 4, 16})
    ->Args({7, 320, 4, 8})
    ->Args({3, 512, 2, 32});

}  // namespace
}  // namespace cnp::engine
