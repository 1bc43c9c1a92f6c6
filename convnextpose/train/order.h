// Which person comes when: permutations that need no memory, so that any place of a run can be
// looked up alone.
#pragma once

#include <cstdint>

namespace cnp::train {

/// A bijection of [0, count) that looks random and follows from `key` alone. Takes a few steps
/// whatever the count. Precondition: 0 <= index < count.
std::int64_t Permuted(std::int64_t count, std::uint64_t key, std::int64_t index);

/// The n-th (0, 1, ...) of an endless walk through `count` things: all of them, in an order that
/// `key` decides, then all again in another. Preconditions: count > 0, n >= 0.
std::int64_t Walk(std::int64_t count, std::uint64_t key, std::int64_t n);

}  // namespace cnp::train
