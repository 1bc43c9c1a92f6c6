// A made-up checkpoint in memory, for the tests of this folder.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "convnextpose/checkpoint/tensor.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/model/weights.h"

namespace cnp::convert {

/// Tensors that own their bytes. Not copyable: the tensors point into it.
class TestCheckpoint {
 public:
  TestCheckpoint() = default;
  TestCheckpoint(const TestCheckpoint&) = delete;
  TestCheckpoint& operator=(const TestCheckpoint&) = delete;
  ~TestCheckpoint() = default;

  /// Every tensor of the network, counters included, with seeded values of a trained network's
  /// kind.
  explicit TestCheckpoint(const model::Spec& spec, unsigned seed = 1) {
    std::mt19937 random(seed);
    for (const model::TensorSpec& tensor : model::Tensors(model::Layers(spec))) {
      if (tensor.counter) {
        Add(tensor.name, tensor.shape, std::vector<std::int64_t>{1234}, checkpoint::DType::kI64);
      } else {
        Add(tensor.name, tensor.shape, Values(tensor, random), checkpoint::DType::kF32);
      }
    }
  }

  template <typename T>
  void Add(const std::string& name, const std::vector<std::int64_t>& shape,
           const std::vector<T>& values, checkpoint::DType type) {
    auto& bytes = storages_.emplace_back(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    tensors.push_back(checkpoint::DenseTensor(name, type, shape, bytes));
  }

  void Rename(const std::function<std::string(const std::string&)>& rename) {
    for (auto& tensor : tensors) tensor.name = rename(tensor.name);
  }
  void Erase(const std::string& prefix) {
    std::erase_if(tensors, [&](const auto& tensor) { return tensor.name.starts_with(prefix); });
  }
  /// Of the tensor with this name, which must be float32.
  float* Data(const std::string& name) {
    const auto at = std::find_if(tensors.begin(), tensors.end(),
                                 [&](const auto& tensor) { return tensor.name == name; });
    for (auto& bytes : storages_) {
      if (at != tensors.end() && bytes.data() == at->storage.data()) {
        return reinterpret_cast<float*>(bytes.data());
      }
    }
    return nullptr;
  }
  [[nodiscard]] model::Weights Weights() const {
    model::Weights weights;
    for (const auto& tensor : tensors) {
      if (tensor.name.ends_with("num_batches_tracked")) continue;
      weights.Set(tensor.name, {tensor.shape, checkpoint::ToFloat(tensor)});
    }
    return weights;
  }

  std::vector<checkpoint::Tensor> tensors;

 private:
  static std::vector<float> Values(const model::TensorSpec& tensor, std::mt19937& random) {
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    std::uniform_real_distribution<double> unit(0, 1);
    const bool variance = tensor.name.ends_with("running_var");
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double u = unit(random);
      // Variances of 1e-9 .. 1e-4, and the odd 1e-18: mostly below BatchNorm's epsilon.
      const double trained = i % 7 == 3 ? 1e-18 : 1e-9 * std::pow(10.0, 5 * u);
      values[i] = static_cast<float>(variance ? trained : 0.2 * u - 0.1);
    }
    return values;
  }
  std::deque<std::vector<std::byte>> storages_;
};

/// A network so small that any test can afford it.
inline model::Spec TinySpec() {
  return {.name = "tiny",
          .depths = {1, 1, 2, 1},
          .dims = {4, 4, 6, 8},
          .head = {{5, 3, true}, {6, 5, true}, {4, 3, false}},
          .depth_bins = 32,
          .joints = 3,
          .input_height = 160,
          .input_width = 192};
}

}  // namespace cnp::convert
