#include "convnextpose/train/workers.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <stdexcept>

namespace cnp::train {
namespace {

TEST(WorkersTest, EachDoesItsPartOnItsOwnThread) {
  std::array<std::thread::id, 3> begun;
  Workers workers(3,
                  [&](int i) { begun[static_cast<std::size_t>(i)] = std::this_thread::get_id(); });
  std::array<int, 3> done{};
  for (int round = 1; round <= 100; ++round) {
    workers.Run([&](int i) {
      EXPECT_EQ(begun[static_cast<std::size_t>(i)], std::this_thread::get_id());
      done[static_cast<std::size_t>(i)] += i + 1;
    });
    EXPECT_EQ(done, (std::array{round, 2 * round, 3 * round}));
  }
}

TEST(WorkersTest, ErrorsReachTheCallerAndEndNothing) {
  Workers workers(4, [](int) {});
  std::atomic<int> done = 0;
  const auto fail = [&](int i) {
    if (i % 2 == 1) throw std::runtime_error(std::to_string(i));
    ++done;
  };
  try {
    workers.Run(fail);
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "1");
  }
  EXPECT_EQ(done, 2);
  workers.Run([&](int) { ++done; });
  EXPECT_EQ(done, 6);
}

}  // namespace
}  // namespace cnp::train
