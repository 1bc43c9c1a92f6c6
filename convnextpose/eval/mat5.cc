#include "convnextpose/eval/mat5.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#ifdef CNP_HAVE_ZLIB
#define ZLIB_CONST  // next_in is const: zlib's own switch.
#include <zlib.h>
#endif

#include "convnextpose/base/check.h"

namespace cnp::eval {
namespace {

using Bytes = std::span<const std::byte>;

// Element types.
enum Type : std::uint32_t {
  kInt8 = 1,
  kUint8 = 2,
  kInt16 = 3,
  kUint16 = 4,
  kInt32 = 5,
  kUint32 = 6,
  kSingle = 7,
  kDouble = 9,
  kInt64 = 12,
  kUint64 = 13,
  kMatrix = 14,
  kCompressed = 15
};

// Classes of arrays that hold numbers: double, single, int8 to uint64.
constexpr std::uint32_t kFirstNumeric = 6;
constexpr std::uint32_t kLastNumeric = 15;
constexpr std::uint32_t kClassMask = 0xFF;
constexpr std::uint32_t kComplexFlag = 0x800;

constexpr std::size_t kHeaderBytes = 128;
constexpr std::size_t kTextBytes = 116;
constexpr std::size_t kVersionAt = 124;
constexpr std::string_view kVersion("\x00\x01IM", 4);
constexpr std::string_view kText = "MATLAB 5.0 MAT-file, written by convnextpose";
constexpr std::size_t kMostDims = 8;
constexpr std::size_t kLongestName = 63;

template <typename T>
T Load(Bytes bytes, std::size_t at = 0) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

struct Element {
  std::uint32_t type = 0;
  Bytes data;
};

/// Walks over the elements that lie one behind the other.
class Walker {
 public:
  explicit Walker(Bytes bytes) : bytes_(bytes) {}

  [[nodiscard]] bool done() const { return bytes_.empty(); }

  /// Nothing where the bytes end before the element does.
  std::optional<Element> Next() {
    if (bytes_.size() < 8) return std::nullopt;
    const auto first = Load<std::uint32_t>(bytes_);
    if (first >> 16 != 0) {  // A small one: size, type and up to four bytes of data.
      const std::size_t size = first >> 16;
      if (size > 4) return std::nullopt;
      const Element small = {first & 0xFFFFU, bytes_.subspan(4, size)};
      bytes_ = bytes_.subspan(8);
      return small;
    }
    const std::size_t size = Load<std::uint32_t>(bytes_, 4);
    if (size > bytes_.size() - 8) return std::nullopt;
    const Element element = {first, bytes_.subspan(8, size)};
    const std::size_t padded = first == kCompressed ? size : (size + 7) / 8 * 8;
    bytes_ = bytes_.subspan(std::min(8 + padded, bytes_.size()));
    return element;
  }

 private:
  Bytes bytes_;
};

template <typename T>
void Append(Bytes data, std::vector<double>& numbers) {
  for (std::size_t at = 0; at + sizeof(T) <= data.size(); at += sizeof(T)) {
    numbers.push_back(static_cast<double>(Load<T>(data, at)));
  }
}

// MATLAB stores whole numbers in the smallest type that holds them, whatever the array's class.
bool AppendNumbers(const Element& element, std::vector<double>& numbers) {
  using Appender = void (*)(Bytes, std::vector<double>&);
  constexpr std::array<std::pair<Type, Appender>, 10> appenders = {
      {{kInt8, Append<std::int8_t>},
       {kUint8, Append<std::uint8_t>},
       {kInt16, Append<std::int16_t>},
       {kUint16, Append<std::uint16_t>},
       {kInt32, Append<std::int32_t>},
       {kUint32, Append<std::uint32_t>},
       {kSingle, Append<float>},
       {kDouble, Append<double>},
       {kInt64, Append<std::int64_t>},
       {kUint64, Append<std::uint64_t>}}};
  for (const auto& [type, append] : appenders) {
    if (type != element.type) continue;
    append(element.data, numbers);
    return true;
  }
  return false;
}

// The product of dims; nothing for absurd ones.
std::optional<std::size_t> ReadDims(const Element& element, std::vector<std::size_t>& dims) {
  const std::size_t count = element.data.size() / 4;
  if (element.type != kInt32 || count < 2 || count > kMostDims) return std::nullopt;
  std::size_t product = 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto dim = Load<std::int32_t>(element.data, 4 * i);
    if (dim < 0 || static_cast<std::size_t>(dim) > kMostMatNumbers) return std::nullopt;
    dims.push_back(static_cast<std::size_t>(dim));
    product *= dims.back();
    if (product > kMostMatNumbers) return std::nullopt;
  }
  return product;
}

std::string ReadName(const Element& element) {
  std::string name(reinterpret_cast<const char*>(element.data.data()), element.data.size());
  name.resize(std::min(name.size(), kLongestName));
  for (char& c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!letter && (c < '0' || c > '9')) c = '_';
  }
  return name;
}

Result<MatArray> ReadMatrix(Bytes bytes) {
  Walker parts(bytes);
  const auto flags = parts.Next();
  const auto dims = parts.Next();
  const auto name = parts.Next();
  const Error damaged = {"a variable is damaged"};
  if (!flags || !dims || !name || flags->type != kUint32 || flags->data.size() != 8) return damaged;
  MatArray array;
  array.name = ReadName(*name);
  const auto kind = Load<std::uint32_t>(flags->data);
  const std::uint32_t what = kind & kClassMask;
  if (what < kFirstNumeric || what > kLastNumeric || (kind & kComplexFlag) != 0) {
    return Error{array.name + ": is no array of real numbers"};
  }
  const auto count = ReadDims(*dims, array.dims);
  const auto numbers = parts.Next();
  if (!count) return Error{array.name + ": has a size that cannot be"};
  if (!numbers || !AppendNumbers(*numbers, array.numbers) || array.numbers.size() != *count) {
    return Error{array.name + ": is damaged"};
  }
  return array;
}

#ifdef CNP_HAVE_ZLIB

/// Inflates piece by piece, so that what a stream claims to hold costs no memory.
Result<std::vector<std::byte>> Inflate(Bytes packed) {
  constexpr std::size_t most = kMostMatNumbers * sizeof(double) + 4096;
  z_stream stream{};
  stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());  // Its size was 32 bits in the file.
  if (::inflateInit(&stream) != Z_OK) return Error{"not enough memory"};
  std::vector<std::byte> out;
  std::array<std::byte, 65536> piece{};
  int state = Z_OK;
  while (state == Z_OK && out.size() <= most) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.insert(out.end(), piece.begin(), piece.end() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (state != Z_STREAM_END) return Error{"a compressed variable is damaged, or too large"};
  return out;
}

#else

Result<std::vector<std::byte>> Inflate(Bytes /*packed*/) {
  return Error{"is compressed, and this program was built without zlib; write it with save -v6"};
}

#endif

Result<MatArray> ReadCompressed(Bytes packed) {
  CNP_ASSIGN(const std::vector<std::byte> bytes, Inflate(packed));
  const auto element = Walker(bytes).Next();
  if (!element || element->type != kMatrix) return Error{"a compressed variable is damaged"};
  return ReadMatrix(element->data);
}

// ---- Writing.

template <typename T>
void Store(const T& value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void StoreElement(std::uint32_t type, std::string_view data, std::string& out) {
  Store(type, out);
  Store(static_cast<std::uint32_t>(data.size()), out);
  out += data;
  out.append((8 - data.size() % 8) % 8, '\0');
}

std::string Matrix(const MatArray& array) {
  std::string flags;
  Store(kFirstNumeric, flags);
  Store(std::uint32_t{0}, flags);
  std::string dims;
  std::size_t product = 1;
  for (const std::size_t dim : array.dims) {
    Store(static_cast<std::int32_t>(dim), dims);
    product *= dim;
  }
  CNP_CHECK(product == array.numbers.size(), "as many numbers as dims say");
  std::string numbers;
  for (const double number : array.numbers) Store(number, numbers);
  std::string matrix;
  StoreElement(kUint32, flags, matrix);
  StoreElement(kInt32, dims, matrix);
  StoreElement(kInt8, array.name, matrix);
  StoreElement(kDouble, numbers, matrix);
  return matrix;
}

}  // namespace

Result<std::vector<MatArray>> ReadMat5(Bytes bytes) {
  const bool whole = bytes.size() >= kHeaderBytes;
  if (!whole || std::memcmp(bytes.data() + kVersionAt, kVersion.data(), kVersion.size()) != 0) {
    return Error{
        "no little-endian MATLAB file of version 5; write it with scipy.io.savemat or save -v6"};
  }
  std::vector<MatArray> arrays;
  std::size_t numbers = 0;
  Walker elements(bytes.subspan(kHeaderBytes));
  while (!elements.done()) {
    const auto element = elements.Next();
    if (!element) return Error{"ends in the middle of a variable; copy the file again"};
    if (element->type != kMatrix && element->type != kCompressed) continue;
    CNP_ASSIGN(MatArray array, element->type == kMatrix ? ReadMatrix(element->data)
                                                        : ReadCompressed(element->data));
    numbers += array.numbers.size();
    if (numbers > kMostMatNumbers) return Error{"holds too many numbers"};
    arrays.push_back(std::move(array));
  }
  return arrays;
}

std::string WriteMat5(std::span<const MatArray> arrays) {
  std::string out(kText);
  out.resize(kTextBytes, ' ');
  out.resize(kVersionAt, '\0');
  out += kVersion;
  for (const MatArray& array : arrays) StoreElement(kMatrix, Matrix(array), out);
  return out;
}

}  // namespace cnp::eval
