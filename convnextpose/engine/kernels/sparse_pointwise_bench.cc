#include "convnextpose/engine/kernels/sparse_pointwise.h"

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

namespace cnp::engine {
namespace {

// Arguments: input channels, output channels, pixels of one tile, inputs in a hundred that are not
// zero. Counts the multiply-adds of the whole product, those that are skipped as well.
void BM_SparsePointwise(benchmark::State& state) {
  const int in = static_cast<int>(state.range(0));
  const int out = static_cast<int>(state.range(1));
  const int pixels = static_cast<int>(state.range(2));
  const PackedSparsePointwise weights =
      PackSparsePointwise(std::vector<float>(static_cast<std::size_t>(in) * out, 0.5F),
                          std::vector<float>(out), in, out);
  AlignedVector<float> x(static_cast<std::size_t>(pixels) * in);
  std::mt19937 generator(20231020);
  std::bernoulli_distribution active(static_cast<double>(state.range(3)) / 100);
  for (float& value : x) value = active(generator) ? 1.0F : 0.0F;
  AlignedVector<float> y(static_cast<std::size_t>(pixels) * weights.out);
  for (auto _ : state) {
    SparsePointwise(weights, x.data(), in, pixels, {}, {y.data(), pixels, 0, weights.out});
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(in) * out * pixels,
                                               benchmark::Counter::kIsIterationInvariantRate);
}
// The second layers of the blocks of XS and S by stage, and the last layers of XS and L.
BENCHMARK(BM_SparsePointwise)
    ->ArgsProduct({{160}, {40}, {64}, {5, 45, 100}})
    ->ArgsProduct({{320}, {80}, {64}, {5, 45, 100}})
    ->ArgsProduct({{640}, {160}, {64}, {5, 45, 100}})
    ->ArgsProduct({{1536}, {384}, {32}, {5, 45, 100}})
    ->ArgsProduct({{128}, {576}, {64}, {5, 45, 100}})
    ->ArgsProduct({{512}, {1152}, {64}, {5, 45, 100}});

}  // namespace
}  // namespace cnp::engine
