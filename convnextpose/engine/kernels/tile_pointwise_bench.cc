#include "convnextpose/engine/kernels/tile_pointwise.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace cnp::engine {
namespace {

// Arguments: parts, input channels, output channels, pixels of one tile. Splitting included.
void BM_TilePointwise(benchmark::State& state) {
  if (!HasTiles()) {
    state.SkipWithError("this processor has no tiles (AMX)");
    return;
  }
  const auto parts = static_cast<TileParts>(state.range(0));
  const int in = static_cast<int>(state.range(1));
  const int out = static_cast<int>(state.range(2));
  const int pixels = static_cast<int>(state.range(3));
  const PackedTilePointwise weights =
      PackTilePointwise(std::vector<float>(static_cast<std::size_t>(in) * out, 0.3F),
                        std::vector<float>(out), in, out, parts);
  const AlignedVector<float> x(static_cast<std::size_t>(pixels) * PaddedChannels(in), 1.1F);
  const std::ptrdiff_t stride = SplitStride(in, parts);
  AlignedVector<std::uint16_t> values((pixels + kTilePixels) * stride);
  AlignedVector<float> y(static_cast<std::size_t>(pixels) * weights.out);
  const SplitPixels split = {values.data(), stride};
  const PointwiseInput input = {
      .data = x.data(), .pixel_stride = PaddedChannels(in), .run_length = weights.in};
  for (auto _ : state) {
    Split(weights, input, pixels, split);
    TilePointwise(weights, {0, weights.in}, split, pixels, Activation::kRelu, {},
                  {y.data(), pixels, 0, weights.out});
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(in) * out * pixels,
                                               benchmark::Counter::kIsIterationInvariantRate);
}
// The blocks of XS and S by stage; in two and three parts.
BENCHMARK(BM_TilePointwise)
    ->ArgsProduct({{2, 3}, {40}, {160}, {64}})
    ->ArgsProduct({{2, 3}, {160}, {640}, {64}})
    ->ArgsProduct({{2, 3}, {640}, {160}, {64}})
    ->ArgsProduct({{2, 3}, {384}, {1536}, {64}})
    ->ArgsProduct({{2, 3}, {512}, {1152}, {64}});

}  // namespace
}  // namespace cnp::engine
