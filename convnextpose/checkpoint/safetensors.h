// The safetensors format: a length, a JSON header, then the tensors' bytes without gaps.
#pragma once

#include <array>
#include <string_view>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/byte_reader.h"
#include "convnextpose/checkpoint/checkpoint.h"

namespace cnp::checkpoint {

/// The format's name of a type: "F32", "BF16", "I64", ...
std::string_view SafetensorsName(DType dtype);

/// True when the bytes begin with a plausible length and a brace.
bool LooksLikeSafetensors(Bytes bytes);

/// Tensors lie in place: `bytes` must outlive the result. Errors: truncated, a header above 16 MB
/// or that is no JSON of the format, an unknown type, tensors that overlap, leave gaps or do not
/// fill their bytes.
Result<Checkpoint> ReadSafetensors(Bytes bytes);

}  // namespace cnp::checkpoint
