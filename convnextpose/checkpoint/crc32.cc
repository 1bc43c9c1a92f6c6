#include "convnextpose/checkpoint/crc32.h"

#include <array>
#include <cstring>

namespace cnp::checkpoint {
namespace {

using Table = std::array<std::array<std::uint32_t, 256>, 8>;

// table[k][b]: what byte b adds to the remainder when k more bytes follow it in its group of eight.
constexpr Table MakeTable() {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) {
      remainder = remainder >> 1 ^ ((remainder & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    table[0][byte] = remainder;
  }
  for (std::size_t k = 1; k < 8; ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t shorter = table[k - 1][byte];
      table[k][byte] = shorter >> 8 ^ table[0][shorter & 0xFFU];
    }
  }
  return table;
}
constexpr Table kTable = MakeTable();

}  // namespace

std::uint32_t Crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t group = 0;
    std::memcpy(&group, bytes.data() + i, 8);
    group ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kTable[7 - k][group >> (8 * k) & 0xFFU];
  }
  for (; i < bytes.size(); ++i) {
    crc = crc >> 8 ^ kTable[0][(crc ^ static_cast<std::uint32_t>(bytes[i])) & 0xFFU];
  }
  return ~crc;
}

}  // namespace cnp::checkpoint
