#include "convnextpose/engine/precision.h"

#include <array>

#include "convnextpose/engine/kernels/dot_pointwise.h"

namespace cnp::engine {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"f32", "f16", "int8"};

}  // namespace

std::string_view Name(Precision precision) {
  return kNames.at(static_cast<std::size_t>(precision));
}

Precision BestPrecision() { return HasDotProducts() ? Precision::kF16 : Precision::kF32; }

Result<Precision> ParsePrecision(std::string_view name) {
  if (name == "auto") return BestPrecision();
  std::string known = "auto";
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto precision = static_cast<Precision>(i);
    if (kNames[i] == name && precision == Precision::kInt8 && !HasDotProducts()) {
      return Error{
          "int8 is slow without dot products (AVX512-VNNI), which this processor or the "
          "instruction set that was forced lacks: choose f32 or f16"};
    }
    if (kNames[i] == name) return precision;
    known += ", " + std::string(kNames[i]);
  }
  return Error{"there is no precision '" + std::string(name) + "': choose " + known};
}

}  // namespace cnp::engine
