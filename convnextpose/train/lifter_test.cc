#include "convnextpose/train/lifter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <random>

#include "convnextpose/pose/joint_set.h"
#include "convnextpose/train/test_batch.h"

namespace cnp::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Flat people who lean away from the camera: the shorter in the picture, the deeper.
std::vector<Labels> People(int count, unsigned seed) {
  const pose::JointSet& set = pose::Human36m();
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> lean(0, 1.3);
  std::normal_distribution<double> jitter(0, 20);
  std::vector<Labels> people;
  for (int i = 0; i < count; ++i) {
    Labels person{{}, std::vector<std::uint8_t>(set.joints.size(), 1), {}};
    const double angle = lean(random);
    double root_depth = 0;
    for (int j = 0; j < set.size(); ++j) {
      const pose::Side side = pose::SideOf(set, j);
      const double x = side == pose::Side::kMiddle ? 0 : side == pose::Side::kLeft ? 300 : -300;
      const double y = std::abs(j % 7 - 3) * 300.0 + jitter(random);
      person.image_px.push_back(
          {500 + 0.3 * (x + jitter(random)), 400 + 0.3 * y * std::cos(angle)});
      person.depth_mm.push_back(y * std::sin(angle));
      if (j == set.root) root_depth = person.depth_mm.back();
    }
    for (double& depth : person.depth_mm) depth -= root_depth;
    people.push_back(person);
  }
  return people;
}

constexpr LifterRecipe kSmall = {.epochs = 12, .batch = 64, .width = 64, .threads = 2};

double MeanError(const std::vector<std::vector<double>>& found, const std::vector<Labels>& people) {
  double sum = 0;
  for (std::size_t i = 0; i < people.size(); ++i) {
    for (std::size_t j = 0; j < found[i].size(); ++j) {
      sum += std::abs(found[i][j] - people[i].depth_mm[j]);
    }
  }
  return sum / static_cast<double>(people.size() * pose::Human36m().joints.size());
}

TEST(LifterTest, StopsWhenToldTo) {
  std::vector<std::int64_t> told;
  const auto lifter =
      Lifter::Learn(People(200, 1), kSmall, [&](std::int64_t done, std::int64_t all) {
        EXPECT_EQ(all, 36);  // 12 epochs of 3 batches.
        told.push_back(done);
        return done < 2;
      });
  EXPECT_EQ(lifter, nullptr);
  EXPECT_EQ(told, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST(LifterTest, LearnsDepthsFromPlaces) {
  const std::vector<Labels> people = People(2000, 1);
  const auto lifter = Lifter::Learn(people, kSmall);
  std::vector<Labels> others = People(200, 2);
  const std::vector<std::vector<double>> found = lifter->Depths(others);
  ASSERT_EQ(found.size(), others.size());
  std::vector<double> mean(pose::Human36m().joints.size());
  for (const Labels& person : people) {
    for (std::size_t j = 0; j < mean.size(); ++j) {
      mean[j] += person.depth_mm[j] / static_cast<double>(people.size());
    }
  }
  const double blind = MeanError(std::vector(others.size(), mean), others);
  EXPECT_LT(MeanError(found, others), 0.4 * blind);
  for (const std::vector<double>& person : found) {
    EXPECT_EQ(person[static_cast<std::size_t>(pose::Human36m().root)], 0);
  }
  // Where the person stands and how large, is nothing to it.
  for (Labels& person : others) {
    for (pose::Vec2& at : person.image_px) at = {at[0] * 3 + 1000, at[1] * 3 - 200};
  }
  const std::vector<std::vector<double>> larger = lifter->Depths(others);
  for (std::size_t j = 0; j < mean.size(); ++j) EXPECT_NEAR(larger[7][j], found[7][j], 0.5) << j;
}

TEST(LifterTest, MirroredPeopleHaveMirroredDepths) {
  const auto lifter =
      Lifter::Learn(People(256, 1), {.epochs = 1, .batch = 64, .width = 32, .threads = 2});
  const Labels person = People(1, 3)[0];
  Labels mirrored = person;
  const std::vector<int> mirror = pose::MirrorMap(pose::Human36m());
  for (std::size_t j = 0; j < mirror.size(); ++j) {
    const pose::Vec2& at = person.image_px[static_cast<std::size_t>(mirror[j])];
    mirrored.image_px[j] = {640 - at[0], at[1]};
  }
  const auto found = lifter->Depths(std::vector{person, mirrored});
  for (std::size_t j = 0; j < mirror.size(); ++j) {
    EXPECT_NEAR(found[1][j], found[0][static_cast<std::size_t>(mirror[j])], 0.01) << j;
  }
}

TEST(LifterTest, JointsThatAreNotLabelledSayNothing) {
  const auto lifter =
      Lifter::Learn(People(256, 1), {.epochs = 1, .batch = 64, .width = 32, .threads = 2});
  Labels person = People(1, 3)[0];
  person.labelled[3] = person.labelled[9] = 0;
  Labels other = person;
  other.image_px[3] = {kNan, 0};
  other.image_px[9] = {-5e8, 3};
  const auto found = lifter->Depths(std::vector{person, other});
  EXPECT_EQ(found[0].size(), person.labelled.size());
  EXPECT_EQ(found[0], found[1]);
  for (std::size_t j = 0; j < 7; ++j) other.labelled[j] = 0;
  EXPECT_TRUE(lifter->Depths(std::vector{other})[0].empty());
}

TEST(LifterTest, KeepsItsBitsInAFile) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "lifter.safetensors";
  const std::vector<Labels> people = People(256, 1);
  const LifterRecipe recipe = {.epochs = 2, .batch = 64, .width = 32, .threads = 2};
  const auto lifter = Lifter::Learn(people, recipe);
  ASSERT_TRUE(lifter->Write(path).ok());
  const auto read = Lifter::Read(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ((*read)->Depths(people), lifter->Depths(people));
  EXPECT_EQ(Lifter::Learn(people, recipe)->Depths(people), lifter->Depths(people));

  EXPECT_FALSE(Lifter::Read(folder.path() / "none").ok());
  std::ofstream(path) << "no tensors";
  EXPECT_THAT(Lifter::Read(path).error().message, HasSubstr("lifter.safetensors"));
}

}  // namespace
}  // namespace cnp::train
