// A named tensor as a checkpoint file holds it: a typed, strided view of bytes, and what reads it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::checkpoint {

static_assert(std::endian::native == std::endian::little,
              "storages are little-endian and are read in place");

enum class DType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

/// Bytes of one element.
std::int64_t ElementSize(DType dtype);
/// PyTorch's name: "float32", "bfloat16", "int64", ...
std::string_view Name(DType dtype);

/// Does not own its storage, which need not be aligned. Element (i0, i1, ...) is storage element
/// offset + i0 * strides[0] + i1 * strides[1] + ...; shape {} is a scalar.
/// Every Tensor that the reader returns has passed Validate.
struct Tensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;   // Elements, as many as shape.
  std::int64_t offset = 0;             // Elements into the storage.
  std::span<const std::byte> storage;  // Little-endian.
};

/// The strides of a dense row-major tensor.
std::vector<std::int64_t> ContiguousStrides(std::span<const std::int64_t> shape);

/// A dense row-major tensor over all of `storage`, which must outlive it.
Tensor DenseTensor(std::string name, DType dtype, std::vector<std::int64_t> shape,
                   std::span<const std::byte> storage);

/// Ok when shape and strides are non-negative, of one length (at most 64), the number of elements
/// is below 2^48 and every addressed element lies inside the storage. The error names no tensor.
Status Validate(const Tensor& tensor);

// The following need a tensor that passes Validate.

/// Product of the shape.
std::int64_t ElementCount(const Tensor& tensor);
/// True when the elements lie densely in row-major order (sizes of 1 may have any stride).
bool IsContiguous(const Tensor& tensor);
/// Elements in row-major order. float16, bfloat16, int16 and smaller are exact; wider types round
/// to nearest; bool gives 0 and 1.
std::vector<float> ToFloat(const Tensor& tensor);
/// The elements' bytes in row-major order, type unchanged.
std::vector<std::byte> ToContiguousBytes(const Tensor& tensor);

}  // namespace cnp::checkpoint
