// What the tests of this folder train on.
#pragma once

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "convnextpose/model/spec.h"
#include "convnextpose/train/example.h"

namespace cnp::train {

/// splitmix64 over fnv1a64(name) ^ seed, the upper half: twin of tools/golden/golden_weights.py.
inline std::vector<double> Numbers(const std::string& name, std::uint64_t seed, std::size_t count) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  std::vector<double> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t z = (hash ^ seed) + (i + 1) * 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    numbers.push_back(static_cast<double>((z ^ (z >> 31)) >> 32));
  }
  return numbers;
}

/// That of tools/golden/make_train_step.py: targets below 4 cells, three coordinates of four count.
inline Batch NumbersBatch(const model::Spec& spec, std::uint64_t seed, int size) {
  Batch batch = {.size = size, .input = spec.input_width, .joints = spec.joints};
  const std::size_t bytes = std::size_t{3} * size * batch.input * batch.input;
  const std::size_t values = std::size_t{3} * size * batch.joints;
  for (const double n : Numbers("pictures", seed, bytes)) {
    batch.pictures.push_back(static_cast<std::uint8_t>(n / (1 << 24)));
  }
  for (const double n : Numbers("target", seed, values)) {
    batch.target.push_back(static_cast<float>(std::floor(n / (1 << 24)) / 64));
  }
  for (const double n : Numbers("weight", seed, values)) {
    batch.weight.push_back(n < 0.75 * 4294967296.0 ? 1 : 0);
  }
  return batch;
}

/// Pictures `first`, ..., `first + count - 1` of a batch.
inline Batch PartOf(const Batch& batch, int first, int count) {
  const auto part = [&](const auto& values) {
    const auto each = static_cast<std::ptrdiff_t>(values.size()) / batch.size;
    return std::decay_t<decltype(values)>(values.begin() + first * each,
                                          values.begin() + (first + count) * each);
  };
  return {count,
          batch.input,
          batch.joints,
          part(batch.pictures),
          part(batch.target),
          part(batch.weight)};
}

inline model::Spec TinySpec() {
  return {"tiny", {1, 2, 1, 1}, {8, 12, 20, 24}, {{20, 3, true}, {12, 5, false}}, 8, 5, 64, 64};
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("cnp_train_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace cnp::train
