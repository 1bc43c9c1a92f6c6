// How the readers walk through JSON with simdjson's on-demand parser: front to back, once, whatever
// the bytes are. Two kinds of trouble are kept apart: what is no JSON ends the reading with an
// Error that has an offset; a value of the wrong type or size only makes its own entry unusable.
// Internal to this folder: simdjson stays out of the other headers.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::datasets::json {

namespace od = simdjson::ondemand;

/// One JSON text. The bytes are copied, for simdjson reads a little beyond their end.
class Text {
 public:
  /// `name` stands in messages. No error yet: the root tells.
  Text(std::span<const std::byte> bytes, std::string name);
  Text(const Text&) = delete;  // The document points to the parser.
  Text& operator=(const Text&) = delete;

  /// Either, once. Error: not JSON from the first bytes on, or another type.
  Result<od::object> RootObject();
  Result<od::array> RootArray();
  /// After all was read. Error: an error that a Read or a loop met and could not tell, or more text
  /// after the root. What was read before is not to be used then.
  Status Finish();

  [[nodiscard]] const std::string& name() const { return name_; }
  /// What is wrong, at which offset: found by a second, slower parser.
  [[nodiscard]] Error NotJson(simdjson::error_code code) const;

 private:
  std::string name_;
  simdjson::padded_string bytes_;
  od::parser parser_;
  od::document document_;
};

/// What a loop over an object or an array yields.
template <typename T>
simdjson::error_code Take(const simdjson::simdjson_result<T>& item, T& out) {
  if (item.error() == simdjson::SUCCESS) out = item.value_unsafe();
  return item.error();
}

/// body(std::string_view key, od::value value) -> Status for each field.
template <typename Body>
Status ForEachField(const Text& text, od::object object, const Body& body) {
  for (auto item : object) {
    od::field field;
    if (const auto code = Take(item, field)) return text.NotJson(code);
    std::string_view key;
    if (const auto code = field.unescaped_key().get(key)) return text.NotJson(code);
    CNP_RETURN_IF_ERROR(body(key, field.value()));
  }
  return {};
}

/// The same of a value. Precondition: IsObject(value).
template <typename Body>
Status ForEachField(const Text& text, od::value value, const Body& body) {
  od::object object;
  if (const auto code = value.get_object().get(object)) return text.NotJson(code);
  return ForEachField(text, object, body);
}

/// body(od::value value) -> Status for each element.
template <typename Body>
Status ForEachElement(const Text& text, od::array array, const Body& body) {
  for (auto item : array) {
    od::value element;
    if (const auto code = Take(item, element)) return text.NotJson(code);
    CNP_RETURN_IF_ERROR(body(element));
  }
  return {};
}

/// The same of a value. Precondition: IsArray(value).
template <typename Body>
Status ForEachElement(const Text& text, od::value value, const Body& body) {
  od::array array;
  if (const auto code = value.get_array().get(array)) return text.NotJson(code);
  return ForEachElement(text, array, body);
}

bool IsObject(od::value value);
bool IsArray(od::value value);

// False where the value is none, not finite, or out of range; `out` is then as it was.
bool Read(od::value value, std::int64_t& out);
bool Read(od::value value, int& out);
bool Read(od::value value, double& out);
bool Read(od::value value, std::string& out);
bool ReadFlag(od::value value, bool& out);  ///< true, false, or a number other than 0.

/// Exactly out.size() finite numbers.
bool Read(od::value value, std::span<double> out);

/// Coordinates beyond this are nonsense, in pixels as in mm; their sums would overflow.
inline constexpr double kFarthest = 1e9;

/// Numbers within kFarthest, in one list or in rows that are equally long; at most `most` of them.
/// `out` is cleared first. `columns`: of the rows, 0 for one list.
bool ReadRows(od::value value, std::size_t most, std::vector<double>& out, int& columns);

}  // namespace cnp::datasets::json
