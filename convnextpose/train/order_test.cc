#include "convnextpose/train/order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace cnp::train {
namespace {

TEST(OrderTest, EveryThingComesOnce) {
  for (const std::int64_t count : {1, 2, 3, 16, 17, 1000, 7870}) {
    std::vector<int> seen(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) ++seen[Permuted(count, 5, i)];
    EXPECT_EQ(seen, std::vector<int>(static_cast<std::size_t>(count), 1)) << count;
  }
}

TEST(OrderTest, AWalkTakesAllBeforeAnyComesAgain) {
  constexpr std::int64_t count = 37;
  std::vector<std::int64_t> first;
  for (std::int64_t round = 0; round < 5; ++round) {
    std::vector<int> seen(count);
    std::vector<std::int64_t> order;
    for (std::int64_t i = 0; i < count; ++i) {
      order.push_back(Walk(count, 9, round * count + i));
      ++seen[order.back()];
    }
    EXPECT_EQ(seen, std::vector<int>(count, 1));
    if (round > 0) {
      EXPECT_NE(order, first);
    }
    first = order;
  }
}

// Where a thing ends up tells nothing about where it was: all places are about equally frequent,
// and neighbours are no longer neighbours.
TEST(OrderTest, OrdersLookRandom) {
  constexpr std::int64_t count = 10;
  constexpr int keys = 20000;
  std::vector<int> place(count * count);
  int together = 0;
  for (int key = 0; key < keys; ++key) {
    for (std::int64_t i = 0; i < count; ++i) ++place[i * count + Permuted(count, key, i)];
    together += std::abs(Permuted(count, key, 3) - Permuted(count, key, 4)) == 1 ? 1 : 0;
  }
  constexpr double expected = static_cast<double>(keys) / count;
  for (const int times : place) EXPECT_NEAR(times, expected, 0.1 * expected);
  EXPECT_NEAR(together, keys * 0.2, keys * 0.02);
}

}  // namespace
}  // namespace cnp::train
