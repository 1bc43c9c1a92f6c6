#include "convnextpose/engine/kernels/upsample.h"

#include <benchmark/benchmark.h>

#include "convnextpose/base/aligned.h"

namespace cnp::engine {
namespace {

// Arguments: input height and width, channels. Counts output bytes a second.
void BM_Upsample(benchmark::State& state) {
  const int size = static_cast<int>(state.range(0));
  const int channels = static_cast<int>(state.range(1));
  const std::vector<Lerp> table = UpsampleTable(size);
  const AlignedVector<float> x(static_cast<std::size_t>(size) * size * channels, 1.0F);
  AlignedVector<float> y(x.size() * 4);
  const Pixels out = {y.data(), 2 * size, std::ptrdiff_t{2} * size * channels, channels};
  for (auto _ : state) {
    for (int row = 0; row < 2 * size; ++row) {
      UpsampleRow({x.data(), size, std::ptrdiff_t{size} * channels, channels}, channels, table[row],
                  table, out.From(row));
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(y.size() * sizeof(float)));
}
BENCHMARK(BM_Upsample)->Args({8, 128})->Args({16, 128})->Args({16, 512});

}  // namespace
}  // namespace cnp::engine
