// A cursor over bytes from outside that cannot leave them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

namespace cnp::checkpoint {

using Bytes = std::span<const std::byte>;

inline std::string_view AsText(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// `size` bytes from `offset`, or nothing where the span does not hold them.
inline std::optional<Bytes> Slice(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - offset_; }

  std::optional<Bytes> Take(std::uint64_t size) {
    const std::optional<Bytes> taken = Slice(bytes_, offset_, size);
    if (taken) offset_ += taken->size();
    return taken;
  }

  /// A little-endian number.
  template <typename T>
  std::optional<T> Read() {
    const std::optional<Bytes> taken = Take(sizeof(T));
    if (!taken) return std::nullopt;
    T value;
    std::memcpy(&value, taken->data(), sizeof(T));
    return value;
  }

 private:
  Bytes bytes_;
  std::size_t offset_ = 0;
};

}  // namespace cnp::checkpoint
