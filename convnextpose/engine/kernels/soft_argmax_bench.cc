#include "convnextpose/engine/kernels/soft_argmax.h"

#include <benchmark/benchmark.h>

namespace cnp::engine {
namespace {

// Arguments: stored size, depth bins, upsampled or not. One joint; counts cells a second.
void BM_SoftArgmax(benchmark::State& state) {
  const int size = static_cast<int>(state.range(0));
  const int bins = static_cast<int>(state.range(1));
  const HeatmapShape shape(size, size, bins, 1, state.range(2) != 0);
  const int channels = PaddedChannels(bins);
  AlignedVector<float> logits(static_cast<std::size_t>(size) * size * channels);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i % 37) * 0.3F;
  AlignedVector<float> scratch(SoftArgmaxScratch(shape));
  for (auto _ : state) {
    benchmark::DoNotOptimize(SoftArgmax(
        shape, {logits.data(), size, std::ptrdiff_t{size} * channels, channels}, 0, scratch));
  }
  state.SetItemsProcessed(state.iterations() * shape.out_height() * shape.out_width() * bins);
}
BENCHMARK(BM_SoftArgmax)->Args({32, 32, 0})->Args({32, 64, 1});

}  // namespace
}  // namespace cnp::engine
