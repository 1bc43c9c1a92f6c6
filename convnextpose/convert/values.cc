#include "convnextpose/convert/values.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "convnextpose/convert/text.h"

namespace cnp::convert {
namespace {

/// "[2, 5, 0, 0]" of a flat index.
std::string Place(const std::vector<std::int64_t>& shape, std::size_t flat) {
  std::vector<std::int64_t> index(shape.size());
  auto rest = static_cast<std::int64_t>(flat);
  for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) {
    index[axis] = rest % shape[axis];
  }
  return ShapeText(index);
}

}  // namespace

Status CheckValues(const model::Weights& weights) {
  for (const auto& [name, tensor] : weights.all()) {
    const bool variance = name.ends_with(".running_var");
    const auto bad = [variance](float v) { return !std::isfinite(v) || (variance && v < 0); };
    const auto first = std::find_if(tensor.values.begin(), tensor.values.end(), bad);
    if (first == tensor.values.end()) continue;
    const auto count = std::count_if(first, tensor.values.end(), bad);
    const std::string kind = std::isnan(*first)   ? "NaN"
                             : std::isinf(*first) ? "infinite in float32"
                                                  : "a negative variance";
    const auto flat = static_cast<std::size_t>(first - tensor.values.begin());
    std::string message = name + ": " + std::to_string(count) + " of ";
    message += std::to_string(tensor.values.size()) + " values are unusable, the first, " + kind;
    message += ", at " + Place(tensor.shape, flat);
    message += "; the training diverged or the file is damaged: take an earlier snapshot";
    return Error{std::move(message)};
  }
  return {};
}

std::vector<std::string> ZeroTensors(const model::Weights& weights) {
  std::vector<std::string> zeros;
  for (const auto& [name, tensor] : weights.all()) {
    const bool telling = name.ends_with(".weight") || name.ends_with(".running_var");
    const auto is_zero = [](float v) { return v == 0; };
    if (telling && std::all_of(tensor.values.begin(), tensor.values.end(), is_zero)) {
      zeros.push_back(name);
    }
  }
  return zeros;
}

}  // namespace cnp::convert
