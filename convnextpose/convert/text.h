// Lists and shapes as text, for messages.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cnp::convert {

/// "48,96,192"; a 0 stands for an unknown number and reads "?".
template <typename Range>
std::string NumberList(const Range& numbers) {
  std::string text;
  for (const auto number : numbers) {
    if (!text.empty()) text += ',';
    text += number == 0 ? "?" : std::to_string(number);
  }
  return text;
}

/// "a, b, c".
template <typename Range>
std::string Join(const Range& words, const std::string& separator = ", ") {
  std::string text;
  bool first = true;
  for (const std::string& word : words) {
    if (!first) text += separator;
    text += word;
    first = false;
  }
  return text;
}

/// "[48, 1, 7, 7]"; "[]" for a scalar.
inline std::string ShapeText(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

}  // namespace cnp::convert
