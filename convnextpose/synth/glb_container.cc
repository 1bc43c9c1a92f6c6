#include "convnextpose/synth/glb_container.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace cnp::synth::gltf {
namespace {

constexpr std::uint32_t kMagic = 0x46546C67;      // "glTF"
constexpr std::uint32_t kJsonChunk = 0x4E4F534A;  // "JSON"
constexpr std::uint32_t kBinChunk = 0x004E4942;   // "BIN"
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kChunkHeaderBytes = 8;
constexpr std::size_t kMostJsonBytes = std::size_t{4} << 20;
constexpr int kDeepest = 32;
constexpr std::array<const char*, 17> kShapes = {
    "", "SCALAR", "VEC2", "VEC3", "VEC4", "", "", "", "", "", "", "", "", "", "", "", "MAT4"};

template <typename T>
T Load(Bytes bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// Takes the next chunk from `rest`, which becomes empty where there is none.
Result<Bytes> NextChunk(Bytes& rest, std::uint32_t type, const std::string& name) {
  if (rest.size() < kChunkHeaderBytes) return Error{"the " + name + " chunk is missing"};
  const std::size_t length = Load<std::uint32_t>(rest, 0);
  if (Load<std::uint32_t>(rest, 4) != type) {
    return Error{"the " + name + " chunk is not where it should be"};
  }
  rest = rest.subspan(kChunkHeaderBytes);
  if (length > rest.size()) return Error{"the file ends inside its " + name + " chunk"};
  const Bytes chunk = rest.first(length);
  rest = rest.subspan(length);
  return chunk;
}

Result<Json> ParseJson(Bytes bytes) {
  if (bytes.size() > kMostJsonBytes) return Error{"its JSON is larger than a person needs"};
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, const Json&) {
    deep = deep || depth >= kDeepest;
    return !deep;
  };
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (deep) return Error{"its JSON is nested too deep"};
  if (!json.is_object()) return Error{"its JSON chunk is no JSON"};
  return json;
}

std::optional<Accessor::Type> TypeOf(std::size_t code) {
  switch (code) {
    case 5121:
      return Accessor::Type::kUint8;
    case 5123:
      return Accessor::Type::kUint16;
    case 5125:
      return Accessor::Type::kUint32;
    case 5126:
      return Accessor::Type::kFloat;
    default:
      return std::nullopt;
  }
}

std::size_t BytesOf(Accessor::Type type) {
  if (type == Accessor::Type::kUint8) return 1;
  return type == Accessor::Type::kUint16 ? 2 : 4;
}

}  // namespace

const Json* Field(const Json* object, const char* name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

std::optional<std::size_t> Number(const Json* value) {
  if (value == nullptr || !value->is_number_unsigned()) return std::nullopt;
  const auto number = value->get<std::uint64_t>();
  if (number >> 48U != 0) return std::nullopt;
  return number;
}

float Accessor::Value(std::size_t item, int component) const {
  if (type == Type::kFloat) return Load<float>(bytes, item * stride + component * sizeof(float));
  const auto whole = static_cast<float>(Whole(item, component));
  if (!normalized) return whole;
  return whole / (type == Type::kUint8 ? 255.0F : type == Type::kUint16 ? 65535.0F : 4294967295.0F);
}

std::uint32_t Accessor::Whole(std::size_t item, int component) const {
  const std::size_t at = item * stride + component * BytesOf(type);
  switch (type) {
    case Type::kUint8:
      return Load<std::uint8_t>(bytes, at);
    case Type::kUint16:
      return Load<std::uint16_t>(bytes, at);
    case Type::kUint32:
      return Load<std::uint32_t>(bytes, at);
    default:
      return 0;
  }
}

Result<Container> Container::Parse(Bytes file) {
  if (file.size() < kHeaderBytes || Load<std::uint32_t>(file, 0) != kMagic) {
    return Error{"this is no glTF binary file (.glb)"};
  }
  if (Load<std::uint32_t>(file, 4) != 2) return Error{"only version 2 of glTF is read"};
  const std::size_t length = Load<std::uint32_t>(file, 8);
  if (length > file.size()) return Error{"the file ends early; copy or download it again"};
  Bytes rest = file.first(std::max(length, kHeaderBytes)).subspan(kHeaderBytes);
  Container container;
  CNP_ASSIGN(const Bytes json, NextChunk(rest, kJsonChunk, "JSON"));
  CNP_ASSIGN(Json parsed, ParseJson(json));
  container.json_ = std::make_unique<const Json>(std::move(parsed));
  CNP_ASSIGN(container.buffer_, NextChunk(rest, kBinChunk, "BIN"));
  return container;
}

const Json* Container::Element(const char* list, const Json* index) const {
  const Json* elements = Field(json_.get(), list);
  const auto number = Number(index);
  if (elements == nullptr || !elements->is_array() || !number || *number >= elements->size()) {
    return nullptr;
  }
  return &(*elements)[*number];
}

Result<Bytes> Container::View(const Json* index) const {
  const Json* view = Element("bufferViews", index);
  const Json* buffer = Field(view, "buffer");
  const Json* begin = Field(view, "byteOffset");
  const auto offset = begin == nullptr ? std::optional<std::size_t>(0) : Number(begin);
  const auto length = Number(Field(view, "byteLength"));
  if (!offset || !length || Number(buffer) != std::size_t{0}) {
    return Error{"a buffer view is missing or malformed"};
  }
  if (*offset > buffer_.size() || *length > buffer_.size() - *offset) {
    return Error{"a buffer view reaches beyond the file's data"};
  }
  return buffer_.subspan(*offset, *length);
}

Result<Accessor> Container::Access(const Json* index, int components) const {
  const Json* json = Element("accessors", index);
  const Json* shape = Field(json, "type");
  const auto type = TypeOf(Number(Field(json, "componentType")).value_or(0));
  const auto count = Number(Field(json, "count"));
  if (shape == nullptr || *shape != kShapes[components] || !type || !count) {
    return Error{"an accessor is missing, malformed, or not of type " +
                 std::string(kShapes[components])};
  }
  if (Field(json, "sparse") != nullptr) return Error{"sparse accessors are not read"};
  const Json* view = Field(json, "bufferView");
  CNP_ASSIGN(const Bytes bytes, View(view));
  const Json* begin = Field(json, "byteOffset");
  const auto offset = begin == nullptr ? std::optional<std::size_t>(0) : Number(begin);
  const Json* step = Field(Element("bufferViews", view), "byteStride");
  const std::size_t item = BytesOf(*type) * components;
  const auto stride = step == nullptr ? std::optional(item) : Number(step);
  if (!offset || *offset > bytes.size() || !stride || *stride < item || *stride > 256) {
    return Error{"an accessor's place is malformed"};
  }
  const Bytes data = bytes.subspan(*offset);
  if (*count > 0 && (data.size() < item || (data.size() - item) / *stride < *count - 1)) {
    return Error{"an accessor reaches beyond its buffer view"};
  }
  const Json* normalized = Field(json, "normalized");
  return Accessor{*type, normalized != nullptr && *normalized == true, *count, components, *stride,
                  data};
}

}  // namespace cnp::synth::gltf
