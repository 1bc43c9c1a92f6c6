// Reads Python pickles (protocols 2 to 5) as data: it imports nothing and calls nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/byte_reader.h"

namespace cnp::checkpoint {

enum class ValueKind : std::uint8_t {
  kNone,
  kBool,
  kInt,
  kBigInt,  // Beyond 64 bits.
  kFloat,
  kString,
  kBytes,
  kList,
  kTuple,
  kSet,
  kDict,        // Also OrderedDict, defaultdict, Counter.
  kGlobal,      // A name of globals.h.
  kCall,        // What Python would have called: kept as data.
  kPersistent,  // torch's reference to a storage.
};

/// Index into Pickle::values. Values may hold each other, even in a circle, as in Python.
using ValueId = std::uint32_t;

struct Value {
  ValueKind kind = ValueKind::kNone;
  std::int64_t integer = 0;  // kBool, kInt
  double real = 0;           // kFloat
  /// kString, kBytes; kBigInt: little-endian two's complement; kGlobal: its name. Points into the
  /// pickle's bytes.
  std::string_view text;
  /// kList, kTuple, kSet: the elements. kDict: key, value, key, value, ... kPersistent: the id.
  /// kCall: the callable (kGlobal), the arguments (kTuple), then any state set on the result.
  std::vector<ValueId> items;
};

struct Pickle {
  std::vector<Value> values;
  ValueId root = 0;
  std::size_t size = 0;  // Bytes, up to and with the final STOP.
  int protocol = 0;

  [[nodiscard]] const Value& operator[](ValueId id) const { return values[id]; }
  /// The value of a string key of a dict, the last one if several; nullptr if none.
  [[nodiscard]] const Value* Find(const Value& dict, std::string_view key) const;
};

/// Reads one pickle at the front of `bytes`, which must outlive the result. Opcodes that torch does
/// not write and globals not in globals.h are refused by name. Time and memory are bounded: at most
/// 2^20 values and 2^24 steps. Errors name the offset.
Result<Pickle> ReadPickle(Bytes bytes);

}  // namespace cnp::checkpoint
