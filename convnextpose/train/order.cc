#include "convnextpose/train/order.h"

#include "convnextpose/base/check.h"
#include "convnextpose/synth/random.h"

namespace cnp::train {
namespace {

constexpr int kRounds = 6;

// A Feistel network: a permutation of the numbers of 2 * half_bits bits.
std::uint64_t Shuffle(std::uint64_t value, int half_bits, std::uint64_t key) {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  std::uint64_t high = value >> half_bits;
  std::uint64_t low = value & mask;
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t mixed = synth::Scramble(key + synth::Scramble(low + 1) + round);
    const std::uint64_t next = high ^ (mixed & mask);
    high = low;
    low = next;
  }
  return high << half_bits | low;
}

}  // namespace

std::int64_t Permuted(std::int64_t count, std::uint64_t key, std::int64_t index) {
  CNP_CHECK(index >= 0 && index < count, "an index of the things");
  int half_bits = 1;
  while ((std::int64_t{1} << (2 * half_bits)) < count && half_bits < 31) ++half_bits;
  // Numbers beyond the count are walked past; a cycle that begins inside comes back inside.
  auto value = static_cast<std::uint64_t>(index);
  do {
    value = Shuffle(value, half_bits, key);
  } while (value >= static_cast<std::uint64_t>(count));
  return static_cast<std::int64_t>(value);
}

std::int64_t Walk(std::int64_t count, std::uint64_t key, std::int64_t n) {
  CNP_CHECK(count > 0 && n >= 0, "a place of a walk through something");
  const auto round = static_cast<std::uint64_t>(n / count);
  return Permuted(count, synth::Scramble(key + synth::Scramble(round + 1)), n % count);
}

}  // namespace cnp::train
