// Reads all that a fuzzed reader returns, so that a sanitizer sees a span that is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "convnextpose/checkpoint/checkpoint.h"

namespace cnp::fuzz {

inline std::span<const std::byte> AsBytes(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

inline void Touch(std::span<const std::byte> bytes) {
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += static_cast<unsigned>(byte);
  [[maybe_unused]] volatile unsigned used = sum;  // Or the loop would be optimized away.
}

inline void Touch(const Result<checkpoint::Checkpoint>& checkpoint) {
  if (!checkpoint.ok()) return Touch(std::as_bytes(std::span(checkpoint.error().message)));
  for (const checkpoint::Tensor& tensor : checkpoint->tensors) {
    Touch(tensor.storage);
    const std::vector<float> values = checkpoint::ToFloat(tensor);
    Touch(std::as_bytes(std::span(values)));
    Touch(checkpoint::ToContiguousBytes(tensor));
  }
}

}  // namespace cnp::fuzz
