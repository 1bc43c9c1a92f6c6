#include "convnextpose/engine/kernels/dot_pointwise.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace cnp::engine {
namespace {

// Arguments: type, input channels, output channels, pixels of one tile. Rounding included.
void BM_DotPointwise(benchmark::State& state) {
  const auto type = static_cast<DotType>(state.range(0));
  const int in = static_cast<int>(state.range(1));
  const int out = static_cast<int>(state.range(2));
  const int pixels = static_cast<int>(state.range(3));
  const PackedDotPointwise weights =
      PackDotPointwise(std::vector<float>(static_cast<std::size_t>(in) * out, 0.5F),
                       std::vector<float>(out), in, out, type, DotBlock(in));
  const AlignedVector<float> x(static_cast<std::size_t>(pixels) * PaddedChannels(in), 1.0F);
  AlignedVector<std::uint8_t> values(static_cast<std::size_t>(pixels) * PaddedChannels(in) * 2);
  AlignedVector<float> scales(static_cast<std::size_t>(pixels) * weights.blocks());
  AlignedVector<float> y(static_cast<std::size_t>(pixels) * weights.out);
  const Quantised quantised = {values.data(),
                               std::ptrdiff_t{PaddedChannels(in)} * weights.bytes_per_input(),
                               scales.data(), weights.blocks()};
  const PointwiseInput input = {
      .data = x.data(), .pixel_stride = PaddedChannels(in), .run_length = weights.in};
  for (auto _ : state) {
    Quantise(weights, {0, weights.in}, input, pixels, quantised);
    DotPointwise(weights, {0, weights.out}, {0, weights.in}, quantised, pixels, Activation::kRelu,
                 {}, {y.data(), pixels, 0, weights.out});
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(in) * out * pixels,
                                               benchmark::Counter::kIsIterationInvariantRate);
}
// The blocks of XS and S by stage; in 16 and 8 bits.
BENCHMARK(BM_DotPointwise)
    ->ArgsProduct({{0, 1}, {40}, {160}, {64}})
    ->ArgsProduct({{0, 1}, {160}, {640}, {64}})
    ->ArgsProduct({{0, 1}, {640}, {160}, {64}})
    ->ArgsProduct({{0, 1}, {384}, {1536}, {64}})
    ->ArgsProduct({{0, 1}, {512}, {1152}, {64}});

}  // namespace
}  // namespace cnp::engine
