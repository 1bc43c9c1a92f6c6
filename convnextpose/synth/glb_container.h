// The outer layers of glTF 2.0 binary files: chunks, JSON, accessors into the buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "convnextpose/base/result.h"

namespace cnp::synth::gltf {

using Json = nlohmann::json;
using Bytes = std::span<const std::byte>;

/// The field; null where `object` is none (or null) or has no such field.
const Json* Field(const Json* object, const char* name);
/// A whole number from 0 to 2^48.
std::optional<std::size_t> Number(const Json* value);

/// Numbers in the buffer. All accesses below `count` are within bounds.
struct Accessor {
  enum class Type { kFloat, kUint8, kUint16, kUint32 } type = Type::kFloat;
  bool normalized = false;
  std::size_t count = 0;
  int components = 0;
  std::size_t stride = 0;
  Bytes bytes;

  /// Preconditions: item < count, component < components.
  [[nodiscard]] float Value(std::size_t item, int component) const;  ///< 0..1 where normalized.
  [[nodiscard]] std::uint32_t Whole(std::size_t item, int component) const;  ///< 0 for floats.
};

class Container {
 public:
  /// Errors: no such file, cut short, JSON that is none or is nested too deep.
  static Result<Container> Parse(Bytes file);

  [[nodiscard]] const Json& json() const { return *json_; }
  /// Element of one of the lists of the file; null where there is none.
  [[nodiscard]] const Json* Element(const char* list, const Json* index) const;
  /// Errors: an index or a range outside the file, a flavour that is not read.
  [[nodiscard]] Result<Bytes> View(const Json* index) const;
  [[nodiscard]] Result<Accessor> Access(const Json* index, int components) const;

 private:
  std::unique_ptr<const Json> json_;
  Bytes buffer_;
};

}  // namespace cnp::synth::gltf
