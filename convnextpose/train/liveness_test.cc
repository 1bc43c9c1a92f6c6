#include "convnextpose/train/liveness.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <stdexcept>

namespace cnp::train {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience(500);

/// What all processes share.
class Shared {
 public:
  std::int64_t Add(const std::string& name, std::int64_t add) {
    const std::scoped_lock lock(mutex_);
    return counts_[name] += add;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::int64_t> counts_;
};

class LivenessTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Liveness> Process(int rank) const {
    return std::make_unique<Liveness>(
        [shared = shared_](const std::string& name, std::int64_t add) {
          return shared->Add(name, add);
        },
        rank, 3, kPatience);
  }
  /// -1: nobody, after ten times the patience.
  static int LostFor(const Liveness& process) {
    for (int i = 0; i < 400; ++i) {
      if (process.Lost()) return *process.Lost();
      std::this_thread::sleep_for(kPatience / 40);
    }
    return -1;
  }
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

TEST_F(LivenessTest, AllLearnWhoIsLost) {
  const auto first = Process(0);
  const auto second = Process(1);
  auto third = Process(2);
  std::this_thread::sleep_for(3 * kPatience);
  EXPECT_FALSE(first->Lost());
  EXPECT_FALSE(second->Lost());
  EXPECT_FALSE(third->Lost());
  third.reset();
  EXPECT_EQ(LostFor(*first), 2);
  EXPECT_EQ(LostFor(*second), 2);
  const auto again = Process(2);
  std::this_thread::sleep_for(kPatience);
  EXPECT_EQ(first->Lost(), 2) << "once and for all";
}

TEST_F(LivenessTest, TheFirstIsMissedByTheOthers) {
  auto first = Process(0);
  const auto second = Process(1);
  first.reset();
  EXPECT_EQ(LostFor(*second), 0);
}

TEST_F(LivenessTest, TheCountersMayBeLostWithTheFirst) {
  const Liveness thrown(
      [](const std::string&, std::int64_t) -> std::int64_t {
        throw std::runtime_error("connection reset");
      },
      1, 3, kPatience);
  EXPECT_EQ(LostFor(thrown), 0);

  const auto release = std::make_shared<std::atomic<bool>>(false);
  const auto released = std::make_shared<std::atomic<bool>>(false);
  {
    const Liveness silent(
        [release, released](const std::string&, std::int64_t) -> std::int64_t {
          while (!*release) std::this_thread::sleep_for(milliseconds(10));
          *released = true;
          return 0;
        },
        1, 3, kPatience);
    EXPECT_EQ(LostFor(silent), 0);
  }
  EXPECT_FALSE(*released) << "it is left to itself";
  *release = true;
  while (!*released) std::this_thread::sleep_for(milliseconds(10));
}

}  // namespace
}  // namespace cnp::train
