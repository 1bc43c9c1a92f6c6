// Pictures a second and core: compose, draw and what a camera does, of the shared data where it is,
// else of people and backgrounds made up.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>

#include "convnextpose/pose/affine.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/synth/generator.h"

namespace {

using namespace cnp;  // NOLINT(google-build-using-namespace)

const synth::Generator& SharedGenerator() {
  static const synth::Generator generator = [] {
    const std::filesystem::path data = std::filesystem::path(CNP_SHARED) / "synth";
    synth::Assets assets;
    if (std::filesystem::exists(data)) {
      synth::AssetOptions options;
      options.avatars = data / "avatars";
      options.motions = data / "motions";
      options.backgrounds = data / "backgrounds";
      assets = synth::LoadAssets(options).value();
    }
    return synth::Generator({}, assets);
  }();
  return generator;
}

synth::Window WindowOf(const synth::Subject& subject, int size) {
  const pose::Box box = pose::NetworkBox(subject.box, 1000, 1000).value();
  const pose::Affine map = pose::PictureFromCrop(box, size, size);
  synth::Window window{.picture_from_output = {}, .width = size, .height = size};
  window.picture_from_output[0] = {map.xx, map.xy, map.x0};
  window.picture_from_output[1] = {map.yx, map.yy, map.y0};
  return window;
}

void BM_Compose(benchmark::State& state) {
  const synth::Generator& generator = SharedGenerator();
  std::uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(generator.Compose(seed++));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Compose)->Unit(benchmark::kMillisecond);

void BM_Picture(benchmark::State& state) {
  const synth::Generator& generator = SharedGenerator();
  const auto size = static_cast<int>(state.range(0));
  std::uint64_t seed = 0;
  for (auto _ : state) {
    const synth::Scene scene = generator.Compose(seed++);
    benchmark::DoNotOptimize(generator.Draw(scene, WindowOf(scene.subject(), size)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Picture)->Arg(128)->Arg(192)->Arg(256)->Unit(benchmark::kMillisecond);

}  // namespace
