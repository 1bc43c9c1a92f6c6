// Pictures a second of whole training steps: train_bench [input pixels] [batch] [steps] [variant]
// [bf16].
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "convnextpose/train/tensor_memory.h"
#include "convnextpose/train/trainer.h"

namespace cnp::train {
namespace {

Batch SomeBatch(const model::Spec& spec, int size, int input) {
  Batch batch = {.size = size, .input = input, .joints = spec.joints};
  std::uint64_t noise = 1;
  const auto next = [&] {
    return (noise = noise * 6364136223846793005 + 1442695040888963407) >> 56;
  };
  for (int i = 0; i < size * input * input * 3; ++i) {
    batch.pictures.push_back(static_cast<std::uint8_t>(next()));
  }
  for (int i = 0; i < size * spec.joints * 3; ++i) {
    batch.target.push_back(static_cast<float>(next()) / 8);
    batch.weight.push_back(1);
  }
  return batch;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int Run(int input, int size, int steps, const char* variant, bool bfloat16) {
  const Result<model::Spec> spec = model::FindVariant(variant);
  if (!spec.ok()) return 1;
  auto trainer = Trainer::Create(*spec, {.bfloat16 = bfloat16}, 1000, nullptr, nullptr);
  if (!trainer.ok()) return 1;
  const Batch batch = SomeBatch(*spec, size, input);
  double best = 1e9;
  for (int i = 0; i < steps; ++i) {
    const double begin = Seconds();
    const auto report = (*trainer)->Step(batch);
    if (!report.ok()) {
      std::printf("%s\n", report.error().message.c_str());
      return 1;
    }
    best = std::min(best, Seconds() - begin);
  }
  std::printf("%s, %d pixels, batch %d: %.1f pictures/s\n", variant, input, size, size / best);
  return 0;
}

}  // namespace
}  // namespace cnp::train

int main(int argc, char** argv) {
  cnp::train::KeepTensorMemory();
  const auto number = [&](int i, int otherwise) {
    return argc > i ? std::atoi(argv[i]) : otherwise;
  };
  return cnp::train::Run(number(1, 256), number(2, 32), number(3, 5), argc > 4 ? argv[4] : "XS",
                         argc > 5);
}
