// Bounds-checked looks into a file's bytes, for the header readers of this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace cnp::image {

using Bytes = std::span<const std::byte>;

inline bool Has(Bytes bytes, std::uint64_t offset, std::uint64_t count) {
  return offset <= bytes.size() && count <= bytes.size() - offset;
}

/// Precondition: Has(bytes, offset, count), count <= 4.
inline std::uint32_t BigEndian(Bytes bytes, std::uint64_t offset, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; ++i) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
  }
  return value;
}

/// Precondition: Has(bytes, offset, count), count <= 4.
inline std::uint32_t LittleEndian(Bytes bytes, std::uint64_t offset, int count) {
  std::uint32_t value = 0;
  for (int i = count - 1; i >= 0; --i) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
  }
  return value;
}

inline bool Matches(Bytes bytes, std::uint64_t offset, std::string_view text) {
  return Has(bytes, offset, text.size()) &&
         std::memcmp(bytes.data() + offset, text.data(), text.size()) == 0;
}

}  // namespace cnp::image
