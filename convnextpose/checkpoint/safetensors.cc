#include "convnextpose/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "convnextpose/checkpoint/printable.h"

namespace cnp::checkpoint {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 16U << 20U;
constexpr std::uint64_t kFormatLimit = 100'000'000;  // Of the header, in the format itself.
constexpr std::size_t kLengthSize = 8;
constexpr int kMaxDepth = 3;  // Header, tensor, shape.
constexpr std::string_view kMetadata = "__metadata__";

struct TypeName {
  DType dtype;
  std::string_view name;
};
constexpr std::array kTypeNames = {
    TypeName{DType::kF64, "F64"},   TypeName{DType::kF32, "F32"}, TypeName{DType::kF16, "F16"},
    TypeName{DType::kBF16, "BF16"}, TypeName{DType::kI64, "I64"}, TypeName{DType::kI32, "I32"},
    TypeName{DType::kI16, "I16"},   TypeName{DType::kI8, "I8"},   TypeName{DType::kU8, "U8"},
    TypeName{DType::kBool, "BOOL"},
};

std::optional<DType> FindType(std::string_view name) {
  const auto* const found =
      std::find_if(kTypeNames.begin(), kTypeNames.end(),
                   [&](const TypeName& candidate) { return candidate.name == name; });
  return found == kTypeNames.end() ? std::nullopt : std::optional(found->dtype);
}

/// The header, and in `names` those of the tensors as they stand in the file: JSON objects forget
/// the order.
Result<json> ParseHeader(std::string_view text, std::vector<std::string>& names) {
  std::set<std::string> seen;
  std::string problem;
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= kMaxDepth) problem = "is nested too deep";
    if (event == json::parse_event_t::key && depth == 1) {
      const auto& name = value.get_ref<const std::string&>();
      if (!seen.insert(name).second) problem = "holds " + Printable(name) + " twice";
      if (name != kMetadata) names.push_back(name);
    }
    return problem.empty();
  };
  json header = json::parse(text, watch, /*allow_exceptions=*/false);
  if (problem.empty() && !header.is_object()) problem = "is no JSON object";
  if (!problem.empty()) return Error{"its header " + problem + "; the file is damaged"};
  return header;
}

/// An array of non-negative integers below 2^48.
std::optional<std::vector<std::int64_t>> ReadNumbers(const json& value) {
  if (!value.is_array()) return std::nullopt;
  std::vector<std::int64_t> numbers;
  for (const json& number : value) {
    if (!number.is_number_unsigned() || number.get<std::uint64_t>() >> 48U != 0) {
      return std::nullopt;
    }
    numbers.push_back(number.get<std::int64_t>());
  }
  return numbers;
}

struct Placed {
  Tensor tensor;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// One entry of the header; its bytes are checked to lie in `data` and to be as many as its shape
/// asks for.
Result<Placed> ReadEntry(const json& entry, Bytes data) {
  const Error malformed{"has no dtype, shape and data_offsets as the format asks"};
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string()) {
    return malformed;
  }
  const auto& type = entry["dtype"].get_ref<const std::string&>();
  const std::optional<DType> dtype = FindType(type);
  if (!dtype) return Error{"has type " + Printable(type) + ", which is not supported"};
  const auto shape = ReadNumbers(entry["shape"]);
  const auto range = ReadNumbers(entry["data_offsets"]);
  if (!shape || !range || range->size() != 2) return malformed;
  Placed placed{.begin = (*range)[0], .end = (*range)[1]};
  const auto bytes = placed.begin > placed.end
                         ? std::nullopt
                         : Slice(data, static_cast<std::uint64_t>(placed.begin),
                                 static_cast<std::uint64_t>(placed.end - placed.begin));
  if (!bytes)
    return Error{"lies outside the file, which is truncated or damaged; download it again"};
  placed.tensor = {.dtype = *dtype, .shape = *shape, .storage = *bytes};
  placed.tensor.strides = std::vector<std::int64_t>(shape->size(), 0);
  CNP_RETURN_IF_ERROR(Validate(placed.tensor));  // Bounds the product of the shape.
  placed.tensor.strides = ContiguousStrides(*shape);
  const std::int64_t asked = ElementCount(placed.tensor) * ElementSize(*dtype);
  if (asked != placed.end - placed.begin) {
    return Error{"has " + std::to_string(bytes->size()) + " bytes, its shape asks for " +
                 std::to_string(asked)};
  }
  return placed;
}

/// The tensors must tile the data: no gap, no overlap, nothing after the last.
Status CheckTiling(const std::vector<Placed>& tensors, Bytes data) {
  std::vector<const Placed*> ordered;
  ordered.reserve(tensors.size());
  for (const Placed& placed : tensors) ordered.push_back(&placed);
  std::sort(ordered.begin(), ordered.end(), [](const Placed* a, const Placed* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::int64_t end = 0;
  for (const Placed* placed : ordered) {
    if (placed->begin != end) {
      return Error{"tensor " + placed->tensor.name +
                   (placed->begin < end ? " overlaps" : " leaves a gap after") +
                   " the one before it; the file is damaged"};
    }
    end = placed->end;
  }
  if (static_cast<std::uint64_t>(end) != data.size()) {
    return Error{"holds " + std::to_string(data.size()) + " bytes of data instead of " +
                 std::to_string(end) + "; download it again"};
  }
  return {};
}

Status ReadMetadata(const json& header, Checkpoint& checkpoint) {
  const auto metadata = header.find(kMetadata);
  if (metadata == header.end()) return {};
  if (!metadata->is_object()) return Error{"its __metadata__ is no JSON object"};
  for (const auto& [key, value] : metadata->items()) {
    if (!value.is_string()) return Error{"its __metadata__ holds more than texts"};
    checkpoint.metadata[key] = value.get<std::string>();
  }
  if (const auto epoch = checkpoint.metadata.find("epoch"); epoch != checkpoint.metadata.end()) {
    const std::string& text = epoch->second;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) checkpoint.epoch = number;
  }
  return {};
}

std::uint64_t HeaderLength(Bytes bytes) {
  return ByteReader(bytes).Read<std::uint64_t>().value_or(0);
}

}  // namespace

std::string_view SafetensorsName(DType dtype) {
  const auto* const found =
      std::find_if(kTypeNames.begin(), kTypeNames.end(),
                   [&](const TypeName& candidate) { return candidate.dtype == dtype; });
  CNP_CHECK(found != kTypeNames.end(), "not a DType");
  return found->name;
}

bool LooksLikeSafetensors(Bytes bytes) {
  return bytes.size() > kLengthSize && bytes[kLengthSize] == std::byte{'{'} &&
         HeaderLength(bytes) <= kFormatLimit;
}

Result<Checkpoint> ReadSafetensors(Bytes bytes) {
  const std::uint64_t length = HeaderLength(bytes);
  if (length > kMaxHeader) return Error{"its header is too large for a checkpoint of a network"};
  const std::optional<Bytes> text = Slice(bytes, kLengthSize, length);
  if (!text) {
    return Error{"is truncated at " + std::to_string(bytes.size()) + " bytes; download it again"};
  }
  const Bytes data = bytes.subspan(kLengthSize + text->size());
  std::vector<std::string> names;
  CNP_ASSIGN(const json header, ParseHeader(AsText(*text), names));
  Checkpoint checkpoint{
      .container = Container::kSafetensors, .form = "safetensors", .file_bytes = bytes.size()};
  CNP_RETURN_IF_ERROR(ReadMetadata(header, checkpoint));
  std::vector<Placed> tensors;
  for (const std::string& name : names) {
    if (!IsPrintable(name)) return Error{"tensor " + Printable(name) + " has control characters"};
    Result<Placed> placed = ReadEntry(header[name], data);
    if (!placed.ok()) return placed.error().In("tensor " + Printable(name));
    placed->tensor.name = name;
    tensors.push_back(std::move(placed).value());
  }
  CNP_RETURN_IF_ERROR(CheckTiling(tensors, data));
  for (Placed& placed : tensors) checkpoint.tensors.push_back(std::move(placed.tensor));
  return checkpoint;
}

}  // namespace cnp::checkpoint
