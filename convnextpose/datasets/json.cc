#include "convnextpose/datasets/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace cnp::datasets::json {
namespace {

// Builds nothing, only remembers where the text stops being JSON.
class Finder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override { return true; }
  bool key(string_t& /*value*/) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*size*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) override {
    offset = position == 0 ? 0 : position - 1;
    return false;
  }

  std::size_t offset = 0;
};

bool IsType(od::value value, od::json_type wanted) {
  od::json_type type{};
  return value.type().get(type) == simdjson::SUCCESS && type == wanted;
}

// Numbers of one list, appended.
bool Append(od::value value, std::size_t most, std::vector<double>& out) {
  double number = 0;
  if (out.size() >= most || !Read(value, number) || std::abs(number) > kFarthest) return false;
  out.push_back(number);
  return true;
}

}  // namespace

Text::Text(std::span<const std::byte> bytes, std::string name)
    : name_(std::move(name)), bytes_(reinterpret_cast<const char*>(bytes.data()), bytes.size()) {}

Error Text::NotJson(simdjson::error_code code) const {
  if (code == simdjson::CAPACITY || code == simdjson::MEMALLOC) {
    return {name_ + ": too large to read: " + simdjson::error_message(code)};
  }
  const std::string_view text(bytes_.data(), bytes_.size());
  Finder finder;
  if (nlohmann::json::sax_parse(text, &finder)) {
    return {name_ + ": cannot be used: " + simdjson::error_message(code)};
  }
  const bool short_of = finder.offset >= text.size();
  return {name_ + ": offset " + std::to_string(finder.offset) +
          (short_of ? ": the file ends before its JSON does" : ": this is no JSON") +
          "; unpack or download the file again"};
}

Result<od::object> Text::RootObject() {
  od::object root;
  if (const auto code = parser_.iterate(bytes_).get(document_)) return NotJson(code);
  if (const auto code = document_.get_object().get(root)) return NotJson(code);
  return root;
}

Result<od::array> Text::RootArray() {
  od::array root;
  if (const auto code = parser_.iterate(bytes_).get(document_)) return NotJson(code);
  if (const auto code = document_.get_array().get(root)) return NotJson(code);
  return root;
}

Status Text::Finish() {
  // A parser that has met an error is no longer alive; one that is through is out of its bounds.
  if (!document_.is_alive()) return NotJson(simdjson::TAPE_ERROR);
  if (document_.current_location().error() == simdjson::OUT_OF_BOUNDS) return {};
  return NotJson(simdjson::TRAILING_CONTENT);
}

bool IsObject(od::value value) { return IsType(value, od::json_type::object); }
bool IsArray(od::value value) { return IsType(value, od::json_type::array); }

bool Read(od::value value, std::int64_t& out) {
  if (!IsType(value, od::json_type::number)) return false;
  return value.get_int64().get(out) == simdjson::SUCCESS;
}

bool Read(od::value value, int& out) {
  std::int64_t number = 0;
  if (!Read(value, number) || number < std::numeric_limits<int>::min() ||
      number > std::numeric_limits<int>::max()) {
    return false;
  }
  out = static_cast<int>(number);
  return true;
}

bool Read(od::value value, double& out) {
  double number = 0;
  if (value.get_double().get(number) != simdjson::SUCCESS || !std::isfinite(number)) return false;
  out = number;
  return true;
}

bool Read(od::value value, std::string& out) {
  std::string_view text;
  if (!IsType(value, od::json_type::string) || value.get_string().get(text)) return false;
  out = text;
  return true;
}

bool ReadFlag(od::value value, bool& out) {
  if (IsType(value, od::json_type::boolean)) return value.get_bool().get(out) == simdjson::SUCCESS;
  double number = 0;
  if (!Read(value, number)) return false;
  out = number != 0;
  return true;
}

bool Read(od::value value, std::span<double> out) {
  od::array array;
  if (!IsArray(value) || value.get_array().get(array)) return false;
  std::size_t count = 0;
  for (auto item : array) {
    od::value element;
    if (Take(item, element)) return false;
    if (count == out.size() || !Read(element, out[count])) return false;
    ++count;
  }
  return count == out.size();
}

bool ReadRows(od::value value, std::size_t most, std::vector<double>& out, int& columns) {
  out.clear();
  columns = 0;
  od::array array;
  if (!IsArray(value) || value.get_array().get(array)) return false;
  for (auto item : array) {
    od::value element;
    if (Take(item, element)) return false;
    if (!IsArray(element)) {
      if (columns != 0 || !Append(element, most, out)) return false;
      continue;
    }
    if (columns == 0 && !out.empty()) return false;
    od::array row;
    if (element.get_array().get(row)) return false;
    const std::size_t before = out.size();
    for (auto cell : row) {
      od::value number;
      if (Take(cell, number) || !Append(number, most, out)) return false;
    }
    const int length = static_cast<int>(out.size() - before);
    if (length == 0 || (columns != 0 && length != columns)) return false;
    columns = length;
  }
  return true;
}

}  // namespace cnp::datasets::json
