#include "convnextpose/checkpoint/tensor.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/checkpoint/half.h"

namespace cnp::checkpoint {
namespace {

constexpr std::size_t kMaxDimensions = 64;
constexpr std::int64_t kMaxElements = std::int64_t{1} << 48;

struct TypeFacts {
  DType dtype;
  std::int64_t size;
  std::string_view name;
};
constexpr std::array kTypes = {
    TypeFacts{DType::kF64, 8, "float64"}, TypeFacts{DType::kF32, 4, "float32"},
    TypeFacts{DType::kF16, 2, "float16"}, TypeFacts{DType::kBF16, 2, "bfloat16"},
    TypeFacts{DType::kI64, 8, "int64"},   TypeFacts{DType::kI32, 4, "int32"},
    TypeFacts{DType::kI16, 2, "int16"},   TypeFacts{DType::kI8, 1, "int8"},
    TypeFacts{DType::kU8, 1, "uint8"},    TypeFacts{DType::kBool, 1, "bool"},
};

const TypeFacts& Facts(DType dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  CNP_CHECK(index < kTypes.size() && kTypes[index].dtype == dtype, "not a DType");
  return kTypes[index];
}

/// a * b for non-negative factors, or -1 beyond kMaxElements.
std::int64_t BoundedProduct(std::int64_t a, std::int64_t b) {
  if (a < 0 || (b != 0 && a > kMaxElements / b)) return -1;
  return a * b;
}

/// Moves `first` from one innermost row of elements to the next; false after the last.
bool NextRow(const Tensor& tensor, std::vector<std::int64_t>& index, std::int64_t& first) {
  for (std::size_t axis = index.size(); axis-- > 0;) {
    first += tensor.strides[axis];
    if (++index[axis] < tensor.shape[axis]) return true;
    first -= index[axis] * tensor.strides[axis];
    index[axis] = 0;
  }
  return false;
}

/// Calls body(first, count, stride) for each innermost row of elements, in row-major order.
template <typename Body>
void ForEachRow(const Tensor& tensor, const Body& body) {
  if (ElementCount(tensor) == 0) return;
  if (IsContiguous(tensor)) return body(tensor.offset, ElementCount(tensor), 1);
  std::vector<std::int64_t> index(tensor.shape.size() - 1, 0);
  std::int64_t first = tensor.offset;
  do {
    body(first, tensor.shape.back(), tensor.strides.back());
  } while (NextRow(tensor, index, first));
}

template <typename Stored>
Stored Load(const std::byte* storage, std::int64_t element) {
  Stored value;
  std::memcpy(&value, storage + element * static_cast<std::int64_t>(sizeof(Stored)),
              sizeof(Stored));
  return value;
}

template <typename Stored, typename Convert>
std::vector<float> Gather(const Tensor& tensor, const Convert& convert) {
  std::vector<float> values(static_cast<std::size_t>(ElementCount(tensor)));
  float* out = values.data();
  const std::byte* storage = tensor.storage.data();
  ForEachRow(tensor, [&](std::int64_t first, std::int64_t count, std::int64_t stride) {
    for (std::int64_t i = 0; i < count; ++i) {
      *out++ = convert(Load<Stored>(storage, first + i * stride));
    }
  });
  return values;
}

template <typename Stored>
std::vector<float> GatherNumbers(const Tensor& tensor) {
  return Gather<Stored>(tensor, [](Stored value) { return static_cast<float>(value); });
}

}  // namespace

std::int64_t ElementSize(DType dtype) { return Facts(dtype).size; }
std::string_view Name(DType dtype) { return Facts(dtype).name; }

std::vector<std::int64_t> ContiguousStrides(std::span<const std::int64_t> shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  }
  return strides;
}

Tensor DenseTensor(std::string name, DType dtype, std::vector<std::int64_t> shape,
                   std::span<const std::byte> storage) {
  Tensor tensor{std::move(name), dtype, std::move(shape), {}, 0, storage};
  tensor.strides = ContiguousStrides(tensor.shape);
  CNP_CHECK(ElementCount(tensor) * ElementSize(dtype) == static_cast<std::int64_t>(storage.size()),
            tensor.name + ": the shape does not fill the storage");
  return tensor;
}

Status Validate(const Tensor& tensor) {
  const std::size_t rank = tensor.shape.size();
  if (rank != tensor.strides.size() || rank > kMaxDimensions) {
    return Error{"has " + std::to_string(rank) + " dimensions and " +
                 std::to_string(tensor.strides.size()) + " strides"};
  }
  std::int64_t count = 1;  // Of elements, an empty axis counted as 1.
  std::int64_t last = 0;   // The highest addressed element, seen from the offset.
  bool empty = false;
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t size = tensor.shape[i];
    const std::int64_t stride = tensor.strides[i];
    if (size < 0) return Error{"has a negative size, " + std::to_string(size)};
    if (stride < 0) return Error{"has a negative stride, " + std::to_string(stride)};
    empty = empty || size == 0;
    count = BoundedProduct(count, std::max<std::int64_t>(size, 1));
    const std::int64_t reach = BoundedProduct(std::max<std::int64_t>(size, 1) - 1, stride);
    if (count < 0 || reach < 0) return Error{"has an absurd shape or stride"};
    last += reach;  // At most 64 * 2^48: no overflow.
  }
  const auto held = static_cast<std::int64_t>(tensor.storage.size()) / ElementSize(tensor.dtype);
  if (tensor.offset < 0 || tensor.offset > held || (!empty && last >= held - tensor.offset)) {
    return Error{"reaches beyond its storage: it addresses element " +
                 std::to_string(tensor.offset) + " + " + std::to_string(last) + " of " +
                 std::to_string(held)};
  }
  return {};
}

std::int64_t ElementCount(const Tensor& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t size : tensor.shape) count *= size;
  return count;
}

bool IsContiguous(const Tensor& tensor) {
  if (ElementCount(tensor) == 0) return true;
  const std::vector<std::int64_t> dense = ContiguousStrides(tensor.shape);
  for (std::size_t i = 0; i < dense.size(); ++i) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != dense[i]) return false;
  }
  return true;
}

std::vector<float> ToFloat(const Tensor& tensor) {
  switch (tensor.dtype) {
    case DType::kF64:
      return GatherNumbers<double>(tensor);
    case DType::kF32:
      return GatherNumbers<float>(tensor);
    case DType::kF16:
      return Gather<std::uint16_t>(tensor, HalfToFloat);
    case DType::kBF16:
      return Gather<std::uint16_t>(tensor, Bfloat16ToFloat);
    case DType::kI64:
      return GatherNumbers<std::int64_t>(tensor);
    case DType::kI32:
      return GatherNumbers<std::int32_t>(tensor);
    case DType::kI16:
      return GatherNumbers<std::int16_t>(tensor);
    case DType::kI8:
      return GatherNumbers<std::int8_t>(tensor);
    case DType::kU8:
      return GatherNumbers<std::uint8_t>(tensor);
    case DType::kBool:
      return Gather<std::uint8_t>(tensor, [](std::uint8_t bit) { return bit != 0 ? 1.0F : 0.0F; });
  }
  CNP_CHECK(false, "not a DType");
}

std::vector<std::byte> ToContiguousBytes(const Tensor& tensor) {
  const std::int64_t size = ElementSize(tensor.dtype);
  std::vector<std::byte> bytes;
  bytes.reserve(static_cast<std::size_t>(ElementCount(tensor) * size));
  ForEachRow(tensor, [&](std::int64_t first, std::int64_t count, std::int64_t stride) {
    const std::byte* row = tensor.storage.data() + first * size;
    if (stride == 1) {
      bytes.insert(bytes.end(), row, row + count * size);
      return;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      const std::byte* element = row + i * stride * size;
      bytes.insert(bytes.end(), element, element + size);
    }
  });
  return bytes;
}

}  // namespace cnp::checkpoint
