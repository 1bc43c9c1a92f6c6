// The numbers in which the matrix products are computed.
#pragma once

#include <string>
#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp::engine {

enum class Precision {
  kF32,   ///< Single precision throughout.
  kF16,   ///< 16 bits: whole numbers that share a scale (kernels/dot_pointwise.h); on processors
          ///< without dot products, weights stored in half precision, and the first product of each
          ///< block summed in it where there is arithmetic for it (64-bit ARM).
  kInt8,  ///< 8 bits in the blocks and the last layer, 16 in the others.
};

/// "f32", "f16", "int8".
std::string_view Name(Precision precision);

/// The fastest on this processor whose error is within bounds on any weights: kF16 where there are
/// instructions for it, else kF32. The error of kInt8 depends on the weights: it is never chosen.
Precision BestPrecision();

/// The inverse of Name; "auto" is BestPrecision(). Errors: an unknown name, with a list of them;
/// int8 on a processor that would take seconds.
Result<Precision> ParsePrecision(std::string_view name);

}  // namespace cnp::engine
