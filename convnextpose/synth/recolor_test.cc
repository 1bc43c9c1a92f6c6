#include "convnextpose/synth/recolor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "convnextpose/synth/dress.h"

namespace cnp::synth {
namespace {

using Rgb = std::array<std::uint8_t, 3>;

constexpr int kCell = 16;  // Texels along the side of a bone's square of the texture.
constexpr Rgb kPale = {230, 170, 140};
constexpr Rgb kRedder = {226, 140, 120};
constexpr Rgb kBlack = {20, 20, 22};
constexpr Rgb kBlue = {60, 90, 180};

// One square of a texture for each bone, side by side, each in a colour.
Body Patches(const std::vector<std::pair<std::string, Rgb>>& patches) {
  const auto count = static_cast<int>(patches.size());
  auto picture = std::make_shared<image::Image>();
  *picture = {.width = kCell * count, .height = kCell, .rgb = {}};
  for (int y = 0; y < kCell; ++y) {
    for (const auto& [bone, rgb] : patches) {
      for (int x = 0; x < kCell; ++x) {
        picture->rgb.insert(picture->rgb.end(), rgb.begin(), rgb.end());
      }
    }
  }
  Body body;
  Surface surface;
  surface.texture = picture;
  for (int i = 0; i < count; ++i) {
    body.bones.push_back({.name = patches[static_cast<std::size_t>(i)].first});
    const auto first = static_cast<std::uint32_t>(body.positions.size());
    for (const Eigen::Vector2f& corner : {Eigen::Vector2f(0, 0), {1, 0}, {1, 1}, {0, 1}}) {
      // A tenth away from the neighbours.
      const Eigen::Vector2f inside = 0.8F * corner + Eigen::Vector2f(0.1F, 0.1F);
      body.positions.emplace_back(corner.x(), corner.y(), 0);
      body.texture_coordinates.emplace_back(
          (static_cast<float>(i) + inside.x()) / static_cast<float>(count), inside.y());
      body.holds.push_back({{static_cast<std::uint8_t>(i), 0, 0, 0}, {1, 0, 0, 0}});
    }
    for (const std::uint32_t k : {0, 1, 2, 0, 2, 3}) surface.indices.push_back(first + k);
  }
  body.surfaces.push_back(surface);
  return body;
}

int InPatch(const std::vector<std::uint8_t>& mask, int patch, int patches) {
  return mask[kCell / 2 * kCell * patches + kCell * patch + kCell / 2];
}

TEST(ClothMask, LeavesHeadAndHandsAsTheyAreWhateverTheirColour) {
  const Body body = Patches({{"Head", kBlack}, {"LeftHandIndex1", kPale}, {"Spine", kBlue}});
  const auto mask = ClothMask(body, body.surfaces[0]);
  ASSERT_EQ(mask.size(), 3U * kCell * kCell);
  EXPECT_EQ(InPatch(mask, 0, 3), 0);
  EXPECT_EQ(InPatch(mask, 1, 3), 0);
  EXPECT_EQ(InPatch(mask, 2, 3), 255);
}

TEST(ClothMask, KnowsSkinElsewhereByTheHandsColour) {
  const Body body = Patches({{"RightHand", kPale},
                             {"RightForeArm", kPale},
                             {"LeftLeg", kRedder},
                             {"LeftUpLeg", kBlack},
                             {"Spine", kBlue}});
  const auto mask = ClothMask(body, body.surfaces[0]);
  EXPECT_EQ(InPatch(mask, 1, 5), 0);
  EXPECT_EQ(InPatch(mask, 2, 5), 0) << "a knee is redder than a hand";
  EXPECT_EQ(InPatch(mask, 3, 5), 255);
  EXPECT_EQ(InPatch(mask, 4, 5), 255);
}

TEST(ClothMask, IsAllOfClothesAndNothingOfSkinAndHair) {
  Body body = Patches({{"Head", kPale}, {"Spine", kPale}});
  body.surfaces[0].kind = Surface::Kind::kCloth;
  const auto all = ClothMask(body, body.surfaces[0]);
  EXPECT_EQ(std::count(all.begin(), all.end(), 255), 2 * kCell * kCell);
  for (const auto kind : {Surface::Kind::kSkin, Surface::Kind::kHair}) {
    body.surfaces[0].kind = kind;
    EXPECT_TRUE(ClothMask(body, body.surfaces[0]).empty());
  }
}

TEST(ClothMask, IgnoresTextureCoordinatesBeyondTheTexture) {
  Body body = Patches({{"Head", kBlack}, {"LeftHand", kPale}});
  for (Eigen::Vector2f& at : body.texture_coordinates) at = 9e5F * (at.array() - 0.5F);
  const auto mask = ClothMask(body, body.surfaces[0]);
  EXPECT_EQ(mask.size(), 2U * kCell * kCell);
}

TEST(Dress, CutsASurfaceIntoGarmentsByItsBones) {
  using enum Garment;
  const auto body = std::make_shared<const Body>(Patches({{"Spine1", kBlue},
                                                          {"LeftForeArm", kBlue},
                                                          {"RightArm", kBlue},
                                                          {"LeftUpLeg", kBlack},
                                                          {"RightLeg", kBlack},
                                                          {"Hips", kBlack},
                                                          {"LeftToeBase", kRedder},
                                                          {"LeftHand", kPale}}));
  const DressedBody dressed = Dress(body);
  std::vector<Garment> garments;
  for (const DressedPart& part : dressed.parts) {
    garments.push_back(part.garment);
    EXPECT_EQ(part.indices.size(), 6U);
  }
  EXPECT_EQ(garments, (std::vector<Garment>{kTrunk, kUpperArms, kForearms, kHips, kThighs, kShins,
                                            kFeet, kOther}));
  EXPECT_NEAR(dressed.cloth[kTrunk][2], 180.0F * 180 / (255 * 255), 1e-3);
  EXPECT_NEAR(dressed.cloth[kThighs][2], 22.0F * 22 / (255 * 255), 1e-3);
  ASSERT_TRUE(dressed.skin);
  EXPECT_NEAR((*dressed.skin)[0], 230.0F * 230 / (255 * 255), 1e-3);
}

TEST(Dye, MakesAnyClothSkinOrOfAnyBrightness) {
  const Eigen::Vector3f skin(0.6F, 0.4F, 0.3F);
  for (const Eigen::Vector3f& cloth :
       {Eigen::Vector3f(0.02F, 0.02F, 0.03F), Eigen::Vector3f(0.9F, 0.8F, 0.9F)}) {
    const Dye bare = SkinDye(cloth, skin);
    EXPECT_LT((bare.turn * cloth + bare.add - skin).norm(), 1e-5F);
    int dark = 0;
    int bright = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Random random(seed);
      const Dye dye = MakeDye(cloth, random);
      const float brightness = (dye.turn * cloth + dye.add).mean();
      dark += brightness < 0.1F ? 1 : 0;
      bright += brightness > 0.3F ? 1 : 0;
    }
    EXPECT_GT(dark, 20);
    EXPECT_GT(bright, 20);
  }
}

TEST(Outfit, IsTakenOffNowAndThenWhereThereIsSkin) {
  using enum Garment;
  const auto body = std::make_shared<const Body>(Patches(
      {{"Spine", kBlue}, {"LeftForeArm", kBlue}, {"LeftLeg", kBlack}, {"LeftHand", kPale}}));
  DressedBody dressed = Dress(body);
  const auto share = [&](Garment garment) {
    constexpr int kOutfits = 400;
    int bare = 0;
    for (std::uint64_t seed = 0; seed < kOutfits; ++seed) {
      Random random(seed);
      // Other dyes add nothing.
      bare += MakeOutfit(dressed, random)[garment].add.isZero() ? 0 : 1;
    }
    return static_cast<double>(bare) / kOutfits;
  };
  EXPECT_NEAR(share(kForearms), 0.4, 0.1);
  EXPECT_NEAR(share(kTrunk), 0.15, 0.08);
  EXPECT_NEAR(share(kShins), 0.4, 0.1);
  EXPECT_EQ(share(kHips), 0);
  dressed.skin.reset();
  EXPECT_EQ(share(kForearms), 0);
}

}  // namespace
}  // namespace cnp::synth
