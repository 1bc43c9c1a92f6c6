// The float32 tensors of a network, by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/check.h"

namespace cnp::model {

/// Row-major, as PyTorch stores it: a convolution is [out, in, height, width].
struct WeightTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

/// A value; reading from several threads is safe.
class Weights {
 public:
  void Set(const std::string& name, WeightTensor tensor) { tensors_[name] = std::move(tensor); }
  [[nodiscard]] bool Has(std::string_view name) const { return tensors_.contains(name); }

  /// Precondition: Has(name).
  [[nodiscard]] const WeightTensor& Get(std::string_view name) const {
    const auto found = tensors_.find(name);
    CNP_CHECK(found != tensors_.end(), "no tensor named " + std::string(name));
    return found->second;
  }
  [[nodiscard]] const std::map<std::string, WeightTensor, std::less<>>& all() const {
    return tensors_;
  }

 private:
  std::map<std::string, WeightTensor, std::less<>> tensors_;
};

}  // namespace cnp::model
