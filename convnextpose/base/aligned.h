// Storage for SIMD: vectors whose data begins on a cache line, in whole vectors of any width.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace cnp {

/// Bytes; the widest vector register in use (AVX-512) and the cache line.
inline constexpr std::size_t kAlignment = 64;

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}  // NOLINT(google-explicit-constructor)

  T* allocate(std::size_t count) {  // NOLINT(readability-identifier-naming): the standard's name
    // NOLINTNEXTLINE(google-readability-casting): takes align_val_t(...) for a C-style cast
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(kAlignment)));
  }
  void deallocate(T* pointer, std::size_t) {  // NOLINT(readability-identifier-naming)
    // NOLINTNEXTLINE(google-readability-casting)
    ::operator delete(pointer, std::align_val_t(kAlignment));
  }
  template <typename U>
  bool operator==(const AlignedAllocator<U>&) const {
    return true;
  }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace cnp
