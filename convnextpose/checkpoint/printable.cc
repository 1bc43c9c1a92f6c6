#include "convnextpose/checkpoint/printable.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace cnp::checkpoint {
namespace {

constexpr std::size_t kLongest = 120;
constexpr std::string_view kDigits = "0123456789abcdef";
// By length in bytes; two could hold U+0080, but up to U+009F are control characters.
constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0xA0, 0x800, 0x10000};

/// Length of the printable UTF-8 character at the front of `text`, 0 if there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
  const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < length) return 0;
  std::uint32_t code = byte(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code >= kSmallest[length] && code <= 0x10FFFF && !surrogate ? length : 0;
}

std::string Escaped(char c) {
  const auto value = static_cast<unsigned char>(c);
  return {'\\', 'x', kDigits[value >> 4], kDigits[value & 0xFU]};
}

}  // namespace

bool IsPrintable(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string Printable(std::string_view text) {
  std::string shown;
  while (!text.empty() && shown.size() < kLongest) {
    const std::size_t length = CharacterLength(text);
    shown += length == 0 ? Escaped(text[0]) : std::string(text.substr(0, length));
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return text.empty() ? shown : shown + "...";
}

}  // namespace cnp::checkpoint
