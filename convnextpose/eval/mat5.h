// Numeric arrays in MATLAB's files of version 5 ("MAT-File Format", The MathWorks): as much of it
// as result files need. libmatio reads more, but takes sizes at their word: a damaged kilobyte made
// it ask for gigabytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::eval {

struct MatArray {
  std::string name;
  std::vector<std::size_t> dims;
  std::vector<double> numbers;  ///< The first index runs fastest.
};

inline constexpr std::size_t kMostMatNumbers = 20'000'000;  ///< In a file.

/// Real arrays of any numeric element type, compressed (in builds with zlib) or not, in the order
/// of the file. Errors name the variable or the offset: not version 5, big-endian, structures,
/// texts, complex numbers, damage, more than kMostMatNumbers.
Result<std::vector<MatArray>> ReadMat5(std::span<const std::byte> bytes);

/// Uncompressed, double precision. Precondition: the product of dims is the count of numbers.
std::string WriteMat5(std::span<const MatArray> arrays);

}  // namespace cnp::eval
