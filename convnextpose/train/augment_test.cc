#include "convnextpose/train/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace cnp::train {
namespace {

using synth::Random;

constexpr int kInput = 64;

TEST(AugmentTest, LooksAreDistributedAsThePaperHasThem) {
  constexpr int count = 20000;
  int turned = 0;
  int flipped = 0;
  int largest = 0;
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const Look look = DrawLook({}, Random(i));
    turned += look.rotation_degrees != 0 ? 1 : 0;
    flipped += look.flip ? 1 : 0;
    largest += look.scale == 1.25 ? 1 : 0;
    sum += look.scale;
    ASSERT_GE(look.scale, 0.75);
    ASSERT_LE(look.scale, 1.25);
    ASSERT_LE(std::abs(look.rotation_degrees), 60);
    ASSERT_EQ(look.shift_x, 0);
  }
  EXPECT_NEAR(turned, 0.6 * count, 0.02 * count);
  EXPECT_NEAR(flipped, 0.5 * count, 0.02 * count);
  EXPECT_NEAR(largest, 0.1587 * count, 0.01 * count);  // A normal number beyond 1 is clipped.
  EXPECT_NEAR(sum / count, 1, 0.005);
}

TEST(AugmentTest, WithoutChangesTheLookIsTheEnginesCrop) {
  const pose::Box box{10, 20, 200, 200};
  const pose::Affine crop = pose::PictureFromCrop(box, kInput, kInput);
  const pose::Affine look = PictureFromLook(box, {}, kInput);
  for (const pose::Vec2& at : {pose::Vec2{0, 0}, pose::Vec2{63, 10}, pose::Vec2{32, 32}}) {
    EXPECT_NEAR(look(at)[0], crop(at)[0], 1e-9);
    EXPECT_NEAR(look(at)[1], crop(at)[1], 1e-9);
  }
}

TEST(AugmentTest, LooksDoWhatTheySay) {
  const pose::Box box{10, 20, 200, 200};
  const pose::Vec2 right = {110 + 50, 120};  // Of the box's middle.
  const auto in_crop = [&](const Look& look) {
    return pose::Inverse(PictureFromLook(box, look, 100))(right);
  };
  EXPECT_NEAR(in_crop({})[0], 75, 1e-9);
  EXPECT_NEAR(in_crop({.scale = 1.25})[0], 70, 1e-9);  // A larger window: all looks smaller.
  EXPECT_NEAR(in_crop({.flip = true})[0], 25, 1e-9);
  EXPECT_NEAR(in_crop({.shift_x = 0.1})[0], 65, 1e-9);
  const pose::Vec2 turned = in_crop({.rotation_degrees = 90});
  EXPECT_NEAR(turned[0], 50, 1e-9);  // The window turns clockwise, so what it shows turns back.
  EXPECT_NEAR(turned[1], 25, 1e-9);
}

TEST(AugmentTest, ColoursAreScaledAndClipped) {
  std::vector<std::uint8_t> rgb = {100, 100, 100, 250, 0, 3};
  Recolor({1.2, 0.5, 0.9}, rgb);
  EXPECT_EQ(rgb, (std::vector<std::uint8_t>{120, 50, 90, 255, 0, 3}));
  for (int i = 0; i < 1000; ++i) {
    for (const double factor : DrawColor({}, Random(i))) {
      ASSERT_GE(factor, 0.8);
      ASSERT_LT(factor, 1.2);
    }
  }
}

TEST(AugmentTest, ARectangleIsErasedHalfTheTime) {
  int erased = 0;
  double area = 0;
  double largest = 0;
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint8_t> rgb(std::size_t{3} * kInput * kInput, 77);
    Erase({}, Random(i), kInput, rgb);
    int left = kInput;
    int right = -1;
    int top = kInput;
    int bottom = -1;
    for (int y = 0; y < kInput; ++y) {
      for (int x = 0; x < kInput; ++x) {
        const std::uint8_t* pixel = &rgb[std::size_t{3} * (y * kInput + x)];
        if (pixel[0] == 77 && pixel[1] == 77 && pixel[2] == 77) continue;
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
      }
    }
    if (right < 0) continue;
    ++erased;
    const double share = (right - left + 1.0) * (bottom - top + 1.0) / (kInput * kInput);
    area += share;
    largest = std::max(largest, share);
  }
  EXPECT_NEAR(erased, 1000, 70);
  EXPECT_NEAR(area / erased, 0.35, 0.03);
  EXPECT_LE(largest, 0.7);
}

TEST(AugmentTest, HeadsAreHiddenAndNothingElse) {
  std::vector<std::uint8_t> noise(std::size_t{3} * kInput * kInput);
  Random random(5);
  for (std::uint8_t& value : noise) value = static_cast<std::uint8_t>(random.Pick(256));
  const HeadPlace head = {{0.6 * kInput, 0.5 * kInput}, {0.6 * kInput, 0.3 * kInput}};
  int hidden = 0;
  for (int i = 0; i < 600; ++i) {
    std::vector<std::uint8_t> rgb = noise;
    HideHead({.head_probability = 0.3}, Random(i), head, kInput, rgb);
    if (rgb == noise) continue;
    ++hidden;
    for (int y = 0; y < kInput; ++y) {
      for (int x = 0; x < kInput; ++x) {
        const std::size_t pixel = std::size_t{3} * (y * kInput + x);
        const double away = std::hypot(x - 0.6 * kInput, y - 0.4 * kInput);
        if (away > 0.2 * kInput) {
          ASSERT_EQ(rgb[pixel], noise[pixel]) << x << " " << y;
        }
      }
    }
    // Just under the top all kinds cover it: neighbours look alike.
    const std::size_t top = std::size_t{3} * (static_cast<int>(0.31 * kInput) * kInput +
                                              static_cast<int>(0.6 * kInput));
    EXPECT_NE(rgb[top + 1], noise[top + 1]);
  }
  EXPECT_NEAR(hidden, 180, 40);
  // Beside the crop, or no head at all.
  for (const HeadPlace& other : {HeadPlace{{-500, -500}, {-520, -520}}, HeadPlace{{9, 9}, {9, 9}},
                                 HeadPlace{{0, 0}, {1e9, 0}}}) {
    std::vector<std::uint8_t> rgb = noise;
    HideHead({.head_probability = 1}, Random(3), other, kInput, rgb);
    EXPECT_EQ(rgb, noise);
  }
}

}  // namespace
}  // namespace cnp::train
