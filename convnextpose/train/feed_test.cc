#include "convnextpose/train/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/image/warp.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/pose.h"
#include "convnextpose/synth/generator.h"

namespace cnp::train {
namespace {

using ::testing::HasSubstr;

constexpr Cells kSmall{.input = 64, .heatmap = 8, .depth_bins = 32};

// Nothing is changed, so that a crop tells whose it is.
constexpr Augmentation kPlain{.scale = 0,
                              .rotation_probability = 0,
                              .flip_probability = 0,
                              .color = 0,
                              .erase_probability = 0};

class FeedTest : public testing::Test {
 protected:
  FeedTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                ("cnp_feed_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~FeedTest() override { std::filesystem::remove_all(folder_); }

  // `count` pictures of one colour each, which is the person's number: green in the plane, red in
  // space.
  datasets::Dataset Set(int count, bool space) const {
    datasets::Dataset set;
    set.name = space ? "human36m" : "mpii";
    set.joints = space ? &pose::Human36m() : pose::FindJointSet("mpii").value();
    set.images = folder_;
    for (int i = 0; i < count; ++i) {
      image::Image picture{80, 60, std::vector<std::uint8_t>(std::size_t{3} * 80 * 60)};
      for (std::size_t p = 0; p < picture.rgb.size(); p += 3) {
        picture.rgb[p + (space ? 0 : 1)] = static_cast<std::uint8_t>(100 + i);
      }
      datasets::Sample sample;
      sample.file = set.name + std::to_string(i) + ".png";
      EXPECT_TRUE(WriteFileAtomically(folder_ / sample.file, image::EncodePng(picture)).ok());
      sample.width = 80;
      sample.height = 60;
      sample.box = {10, 5, 60, 50};
      for (int j = 0; j < set.joints->size(); ++j) {
        sample.image_px.push_back({20.0 + j, 15.0 + i});
        sample.visible.push_back(1);
        if (space) sample.camera_mm.push_back({0, 0, 4000.0 + 20 * j});
      }
      set.samples.push_back(std::move(sample));
    }
    return set;
  }

  static std::unique_ptr<Feed> MustOpen(std::vector<datasets::Dataset> sets,
                                        const FeedOptions& options) {
    Result<std::unique_ptr<Feed>> feed = Feed::Open(std::move(sets), nullptr, options);
    EXPECT_TRUE(feed.ok()) << feed.error().message;
    return feed.ok() ? std::move(*feed) : nullptr;
  }

  // Whom each example of a batch shows: the number, and whether it is one in space.
  static std::vector<std::pair<int, bool>> Shown(const Batch& batch) {
    std::vector<std::pair<int, bool>> shown;
    const std::size_t pixels = std::size_t{3} * batch.input * batch.input;
    for (int b = 0; b < batch.size; ++b) {
      const std::uint8_t* middle =
          &batch.pictures[pixels * b + std::size_t{3} * (batch.input / 2) * (batch.input + 1)];
      shown.emplace_back(middle[0] + middle[1] - 100, middle[0] != 0);
    }
    return shown;
  }

  std::filesystem::path folder_;
};

bool Same(const Batch& a, const Batch& b) {
  return a.size == b.size && a.input == b.input && a.pictures == b.pictures &&
         a.target == b.target && a.weight == b.weight;
}

TEST_F(FeedTest, GuessedDepthsAreLearnedWhereThereAreNone) {
  const auto joints = static_cast<std::size_t>(pose::Human36m().size());
  const std::vector<double> guess(joints, 250);
  const auto feed = MustOpen({Set(2, true), Set(2, false)},
                             {.batch = 4,
                              .cells = kSmall,
                              .augmentation = kPlain,
                              .depths = {{}, {guess, {}}}});  // None of the second.
  const Batch batch = feed->At(0).value();
  const std::vector<std::pair<int, bool>> shown = Shown(batch);
  int guessed = 0;
  for (std::size_t b = 0; b < shown.size(); ++b) {
    for (std::size_t j = 0; j < joints; ++j) {
      const float* const target = &batch.target[3 * (b * joints + j)];
      const float* const weight = &batch.weight[3 * (b * joints + j)];
      if (shown[b].second || weight[0] == 0) continue;
      const bool first = shown[b].first == 0;
      EXPECT_EQ(weight[2], first ? 1 : 0) << j;
      EXPECT_FLOAT_EQ(target[2], first ? (0.5F + 0.125F) * 32 : 0) << j;
      guessed += first ? 1 : 0;
    }
  }
  EXPECT_GT(guessed, 10);
}

TEST_F(FeedTest, HalfOfEachBatchIsInSpaceAndAllComeEquallyOften) {
  const auto feed = MustOpen({Set(10, true), Set(4, false)},
                             {.batch = 4, .cells = kSmall, .augmentation = kPlain});
  ASSERT_EQ(feed->steps_per_epoch(), 5);
  std::map<std::pair<int, bool>, int> seen;
  for (int step = 0; step < 2 * feed->steps_per_epoch(); ++step) {
    const Result<Batch> batch = feed->At(step);
    ASSERT_TRUE(batch.ok()) << batch.error().message;
    int space = 0;
    for (const auto& who : Shown(*batch)) {
      ++seen[who];
      space += who.second ? 1 : 0;
    }
    EXPECT_EQ(space, 2);
  }
  ASSERT_EQ(seen.size(), 14U);
  for (const auto& [who, times] : seen) EXPECT_EQ(times, who.second ? 2 : 5);
}

TEST_F(FeedTest, OneKindOfPeopleAloneFillsTheBatch) {
  const auto feed =
      MustOpen({Set(3, false)}, {.batch = 3, .cells = kSmall, .augmentation = kPlain});
  EXPECT_EQ(feed->steps_per_epoch(), 1);
  const Result<Batch> batch = feed->At(7);
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(Shown(*batch), testing::UnorderedElementsAre(std::pair{0, false}, std::pair{1, false},
                                                           std::pair{2, false}));
}

TEST_F(FeedTest, BatchesFollowFromTheSeedAlone) {
  const std::vector<datasets::Dataset> sets = {Set(10, true), Set(4, false)};
  const FeedOptions options{.batch = 8, .cells = kSmall};
  std::vector<Batch> whole;
  const auto feed = MustOpen(sets, options);
  for (int step = 0; step < 6; ++step) whole.push_back(feed->At(step).value());
  EXPECT_FALSE(Same(whole[0], whole[1]));
  EXPECT_TRUE(Same(feed->At(2).value(), whole[2])) << "back";
  EXPECT_TRUE(Same(feed->At(2).value(), whole[2])) << "again";
  for (const int threads : {1, 5}) {
    FeedOptions others = options;
    others.threads = threads;
    others.prefetch = threads;
    others.cache_bytes = threads == 1 ? 0 : 1 << 20;
    const auto feed2 = MustOpen(sets, others);
    for (int step = 0; step < 6; ++step) {
      ASSERT_TRUE(Same(feed2->At(step).value(), whole[step])) << threads << ", " << step;
    }
  }
  FeedOptions other_seed = options;
  other_seed.seed = 2;
  EXPECT_FALSE(Same(MustOpen(sets, other_seed)->At(0).value(), whole[0]));
}

TEST_F(FeedTest, ProcessesShareTheBatch) {
  const std::vector<datasets::Dataset> sets = {Set(10, true), Set(4, false)};
  FeedOptions options{.batch = 8, .cells = kSmall};
  const auto alone = MustOpen(sets, options);
  options.world = 2;
  options.rank = 0;
  const auto first = MustOpen(sets, options);
  options.rank = 1;
  const auto second = MustOpen(sets, options);
  for (int step = 0; step < 4; ++step) {
    const Batch whole = alone->At(step).value();
    Batch together = first->At(step).value();
    const Batch rest = second->At(step).value();
    EXPECT_EQ(together.size, 4);
    together.size += rest.size;
    together.pictures.insert(together.pictures.end(), rest.pictures.begin(), rest.pictures.end());
    together.target.insert(together.target.end(), rest.target.begin(), rest.target.end());
    together.weight.insert(together.weight.end(), rest.weight.begin(), rest.weight.end());
    EXPECT_TRUE(Same(whole, together)) << step;
  }
}

TEST_F(FeedTest, SizesMayChangeOnTheWay) {
  const std::vector<datasets::Dataset> sets = {Set(4, false)};
  const auto feed = MustOpen(sets, {.batch = 4, .cells = kSmall, .augmentation = kPlain});
  const Batch small = feed->At(0).value();
  feed->SetCells({.input = 128, .heatmap = 16, .depth_bins = 32});
  const Batch large = feed->At(0).value();
  EXPECT_EQ(large.input, 128);
  EXPECT_EQ(large.pictures.size(), 4 * small.pictures.size());
  EXPECT_EQ(Shown(small), Shown(large));
  for (std::size_t i = 0; i < small.target.size(); i += 3) {
    EXPECT_NEAR(2 * small.target[i], large.target[i], 1e-4);
  }
}

TEST_F(FeedTest, WhatCannotBeUsedIsToldOrLeftOut) {
  datasets::Dataset set = Set(4, false);
  set.samples[2].box = {10, 10, 0, 0};
  const auto feed = MustOpen({set}, {.batch = 1, .cells = kSmall});
  EXPECT_EQ(feed->left_out(), 1);
  EXPECT_EQ(feed->steps_per_epoch(), 3);

  set.samples[1].file = "missing.png";
  const auto broken = MustOpen({set}, {.batch = 3, .cells = kSmall});
  for (int again = 0; again < 2; ++again) {
    const Result<Batch> batch = broken->At(0);
    ASSERT_FALSE(batch.ok());
    EXPECT_THAT(batch.error().message, HasSubstr("missing.png"));
  }
  const auto failed = [](std::vector<datasets::Dataset> sets, const FeedOptions& options) {
    const auto result = Feed::Open(std::move(sets), nullptr, options);
    return result.ok() ? "" : result.error().message;
  };
  EXPECT_THAT(failed({}, {.cells = kSmall}), HasSubstr("nobody to train on"));
  EXPECT_THAT(failed({set}, {.batch = 3, .world = 2}), HasSubstr("multiple"));
  EXPECT_THAT(failed({set, Set(1, true)}, {.batch = 3}), HasSubstr("halves"));
}

// The colour beneath a target is the joint's.
TEST_F(FeedTest, TargetsLieWhereTheJointsAreSeen) {
  datasets::Dataset set = Set(1, true);
  image::Image picture{400, 300, std::vector<std::uint8_t>(std::size_t{3} * 400 * 300)};
  datasets::Sample& sample = set.samples[0];
  sample.width = 400;
  sample.height = 300;
  sample.box = {100, 50, 200, 200};
  for (int j = 0; j < 18; ++j) {
    const int left = 120 + 30 * (j % 6);
    const int top = 80 + 60 * (j / 6);
    sample.image_px[j] = {left + 5.0, top + 5.0};
    for (int y = top; y < top + 11; ++y) {
      for (int x = left; x < left + 11; ++x) {
        picture.rgb[std::size_t{3} * (400 * y + x)] = static_cast<std::uint8_t>(100 + 8 * j);
      }
    }
  }
  ASSERT_TRUE(WriteFileAtomically(folder_ / sample.file, image::EncodePng(picture)).ok());
  Augmentation turned;
  turned.color = 0;
  turned.erase_probability = 0;
  const Cells cells{.input = 128, .heatmap = 16, .depth_bins = 32};
  const auto feed = MustOpen({set}, {.batch = 20, .cells = cells, .augmentation = turned});
  const Batch batch = feed->At(0).value();
  const std::vector<int> mirror = pose::MirrorMap(pose::Human36m());
  int checked = 0;
  int mirrored = 0;
  for (int b = 0; b < batch.size; ++b) {
    int direct = 0;
    int swapped = 0;
    int joints = 0;
    for (int j = 0; j < 18; ++j) {
      const float* target = &batch.target[std::size_t{3} * (18 * b + j)];
      if (batch.weight[std::size_t{3} * (18 * b + j)] == 0) continue;
      const int x = static_cast<int>(std::lround(target[0] * 8));
      const int y = static_cast<int>(std::lround(target[1] * 8));
      if (x > 127 || y > 127) continue;
      const int seen = batch.pictures[std::size_t{3} * (128 * (128 * b + y) + x)];
      ++joints;
      direct += std::abs(seen - (100 + 8 * j)) <= 2 ? 1 : 0;
      swapped += std::abs(seen - (100 + 8 * mirror[j])) <= 2 ? 1 : 0;
    }
    EXPECT_EQ(std::max(direct, swapped), joints) << b;
    mirrored += swapped > direct ? 1 : 0;
    checked += joints;
  }
  EXPECT_GT(checked, 200);
  EXPECT_GT(mirrored, 3);
  EXPECT_LT(mirrored, 17);
}

}  // namespace
}  // namespace cnp::train
