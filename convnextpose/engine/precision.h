// The numbers in which the matrix products are computed.
#pragma once

#include <string>
#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp::engine {

enum class Precision {
  kF32,   ///< Single precision throughout.
  kF16,   ///< 16-bit weights and activations; docs/architecture.md says which on which machine.
  kInt8,  ///< 8-bit weights and activations.
};

/// "f32", "f16", "int8".
std::string_view Name(Precision precision);

/// The inverse of Name. Error: lists the names.
Result<Precision> ParsePrecision(std::string_view name);

}  // namespace cnp::engine
