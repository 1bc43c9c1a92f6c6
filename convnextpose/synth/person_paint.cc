#include "convnextpose/synth/person_paint.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "convnextpose/synth/cloth.h"

namespace cnp::synth {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

struct Rectangle {
  int x, y, width, height;
};

constexpr int kWidth = 448;
constexpr int kHeight = 320;
constexpr std::array<Rectangle, kRegions> kRectangles = {{{0, 0, 192, 160},      // Torso.
                                                          {192, 0, 192, 128},    // Head.
                                                          {0, 160, 128, 160},    // Leg.
                                                          {128, 160, 96, 160},   // Arm.
                                                          {224, 128, 96, 64},    // Hair.
                                                          {224, 192, 128, 80},   // Skirt.
                                                          {224, 272, 96, 48},    // Foot.
                                                          {320, 128, 48, 48}}};  // Skin.

/// A place on a part.
struct Spot {
  float around = 0;    ///< 0..1, 0.5 in front.
  float along = 0;     ///< As the loft's sections have it.
  float around_m = 0;  ///< 0 in front.
  float x = 0;         ///< Metres from the part's middle, to the left; in front or behind:
  float front = 0;     ///< -1..1.
};

Spot SpotAt(const Loft& loft, float around, float along) {
  const float begin = loft.sections.front().t;
  Spot spot;
  spot.around = around;
  spot.along = begin + along * (loft.sections.back().t - begin);
  const Section section = SectionAt(loft.sections, spot.along);
  spot.around_m = (around - 0.5F) * kPi * (section.across + (section.front + section.back) / 2);
  const float angle = 2 * kPi * around - kPi / 2;
  spot.x = section.across * std::cos(angle);
  spot.front = std::sin(angle);
  return spot;
}

int MaterialAt(const Loft& loft, float t) {
  for (const Cover& cover : loft.covers) {
    if (t < cover.until) return cover.material;
  }
  return loft.covers.back().material;
}

// 1 inside an ellipse, 0 outside, soft by about a texel.
float Inside(float x, float y, float width, float height) {
  const float distance = std::sqrt(x * x / (width * width) + y * y / (height * height));
  const float soft = 0.0012F / std::min(width, height);
  return 1 - Ramp(1 - soft, 1 + soft, distance);
}

Color SkinAt(const Look& look, const Spot& spot) {
  const float light = 0.04F * Noise(look.seed + 1, 25 * spot.around_m, 25 * spot.along) +
                      0.02F * Noise(look.seed + 2, 90 * spot.around_m, 90 * spot.along);
  return look.skin * (1 + light);
}

Color HairAt(const Look& look, const Spot& spot) {
  const float strands = 0.2F * Noise(look.seed + 3, 90 * spot.around, 12 * spot.along) +
                        0.1F * Noise(look.seed + 4, 200 * spot.around, 30 * spot.along);
  return look.hair * (1 + strands);
}

void PaintEyes(const Look& look, const Spot& spot, Color& color) {
  const float x = std::abs(spot.x) - 0.031F;
  const float y = spot.along - 1.628F;
  color = Blend(color, 0.72F * color, Inside(x, y, 0.02F, 0.013F));
  color = Blend(color, {235, 230, 226}, Inside(x, y, 0.0125F, 0.0062F));
  color = Blend(color, look.eyes, Inside(x, y, 0.0058F, 0.0058F));
  color = Blend(color, {15, 10, 10}, Inside(x, y, 0.0028F, 0.0028F));
  color = Blend(color, {30, 22, 20}, 0.8F * Inside(x, y - 0.0066F, 0.0135F, 0.0022F));
  const float brow = Inside(x - 0.002F, y - 0.0185F + 6 * x * x, 0.017F, 0.0036F);
  color = Blend(color, 0.75F * look.hair, 0.8F * brow);
}

void PaintMouth(const Look& look, const Spot& spot, Color& color) {
  const float y = spot.along - 1.563F;
  const float out = std::abs(spot.x);
  if (look.beard) {
    const float jaw =
        (1 - Ramp(1.575F, 1.60F, spot.along - 0.35F * out)) * Ramp(-0.2F, 0.2F, spot.front);
    const float hairs = 0.65F + 0.3F * Noise(look.seed + 5, 300 * spot.around_m, 300 * spot.along);
    color = Blend(color, look.hair, jaw * hairs);
  }
  color = Blend(color, look.lips, Inside(spot.x, y, 0.024F, 0.0075F));
  color = Blend(color, 0.45F * look.lips, 0.8F * Inside(spot.x, y, 0.022F, 0.0014F));
  color = Blend(color, 0.4F * color,
                0.8F * Inside(out - 0.0085F, spot.along - 1.584F, 0.004F, 0.0026F));
  color = Blend(color, 0.8F * color, Inside(out - 0.015F, spot.along - 1.592F, 0.004F, 0.009F));
}

Color FaceAt(const Look& look, const Spot& spot) {
  Color color = SkinAt(look, spot);
  const float out = std::abs(spot.x);
  if (spot.front > 0) {
    const Color flush = color.cwiseProduct(Color(1.05F, 0.88F, 0.88F));
    color = Blend(color, flush, 0.6F * Inside(out - 0.042F, spot.along - 1.593F, 0.02F, 0.02F));
    PaintEyes(look, spot, color);
    PaintMouth(look, spot, color);
  }
  // The scalp, where the cap of hair may let it be seen; of the bald, a shadow.
  const float line = spot.front > 0.3F ? 1.69F : spot.front > -0.3F ? 1.62F : 1.55F;
  const float scalp = Ramp(line - 0.01F, line + 0.01F, spot.along);
  const float bald = std::min(0.25F, 6 * std::max(0.0F, 1.72F - spot.along));
  return Blend(color, look.hair, scalp * (look.style == HairStyle::kBald ? bald : 0.9F));
}

Color BareAt(const Look& look, Region region, const Spot& spot) {
  Color color = SkinAt(look, spot);
  if (region != kTorsoRegion || spot.front <= 0) return color;
  const Color dark = color.cwiseProduct(Color(0.72F, 0.6F, 0.6F));
  const float out = std::abs(spot.x);
  color = Blend(color, dark, Inside(out - 0.092F, spot.along - 1.285F, 0.011F, 0.011F));
  color = Blend(color, 0.8F * dark, Inside(out, spot.along - 1.06F, 0.007F, 0.009F));
  const float ribs = Inside(out - 0.07F, spot.along - 1.245F, 0.06F, 0.006F);
  return Blend(color, 0.88F * color, std::max(ribs, Inside(out, spot.along - 1.2F, 0.004F, 0.12F)));
}

Color UpperAt(const Look& look, Region region, const Spot& spot) {
  Color color = ClothAt(look.upper, spot.around_m, spot.along);
  if (region != kTorsoRegion || spot.front <= 0) return color;
  const float out = std::abs(spot.x);
  if (look.jacket) {
    const float opening = 0.012F + 0.5F * std::max(0.0F, spot.along - 1.2F);
    color = Blend(color, look.upper.colors[1], 1 - Ramp(opening - 0.003F, opening + 0.003F, out));
    color = Blend(color, 0.6F * color, Inside(out - opening, 0, 0.004F, 1));
  }
  if (look.buttons) {
    const float step = spot.along / 0.085F;
    const float y = (step - std::round(step)) * 0.085F;
    color = Blend(color, 0.75F * color, Inside(spot.x - 0.014F, 0, 0.002F, 1));
    color = Blend(color, look.upper.colors[2], Inside(spot.x, y, 0.005F, 0.005F));
  }
  if (look.print) {
    const float noise = Noise(look.seed + 6, 40 * spot.x, 40 * spot.along);
    const float shape = Inside(spot.x, spot.along - 1.27F, 0.085F, 0.06F);
    color = Blend(color, look.upper.colors[noise > 0 ? 1 : 2], shape);
  }
  const float collar = Ramp(look.neckline - 0.022F, look.neckline - 0.018F, spot.along);
  return Blend(color, 0.85F * color, collar);
}

Color LowerAt(const Look& look, Region region, const Spot& spot) {
  const Color color = ClothAt(look.lower, spot.around_m, spot.along);
  const bool belt = look.belt && region == kTorsoRegion && spot.along > look.waist - 0.035F;
  if (belt) {
    return spot.front > 0 && std::abs(spot.x) < 0.02F ? Color(170, 165, 150) : Color(45, 34, 28);
  }
  // Side seams, and a fly.
  const float seam = std::abs(std::abs(spot.around - 0.5F) - 0.25F);
  return seam < 0.006F ? Color(0.8F * color) : color;
}

Color ShoeAt(const Look& look, const Spot& spot) {
  const float off_top = std::abs(spot.around - 0.5F);
  if (off_top > 0.31F) return look.sole;
  const Color color = ClothAt(look.shoe, spot.around_m, spot.along);
  const bool laces = off_top < 0.07F && spot.along > 0.03F && spot.along < 0.10F;
  const bool lace = laces && std::fmod(spot.along, 0.014F) < 0.006F;
  return lace ? look.sole : color;
}

Color ColorAt(const Look& look, Region region, const Loft& loft, const Spot& spot) {
  switch (MaterialAt(loft, spot.along)) {
    case kFace:
      return FaceAt(look, spot);
    case kUpper:
      return UpperAt(look, region, spot);
    case kLower:
      return LowerAt(look, region, spot);
    case kShoe:
      return ShoeAt(look, spot);
    case kSock:
      return look.sock;
    case kHair:
      return HairAt(look, spot);
    default:
      return BareAt(look, region, spot);
  }
}

void PaintRegion(const Look& look, Region region, const Loft& loft, image::Image& picture) {
  const Rectangle& rectangle = kRectangles[region];
  for (int y = 0; y < rectangle.height; ++y) {
    for (int x = 0; x < rectangle.width; ++x) {
      // The outermost texels repeat their neighbours, for whoever interpolates.
      const auto share = [](int i, int size) {
        return std::clamp((static_cast<float>(i) - 0.5F) / static_cast<float>(size - 2), 0.0F,
                          1.0F);
      };
      const Spot spot = SpotAt(loft, share(x, rectangle.width), share(y, rectangle.height));
      const Color color = ColorAt(look, region, loft, spot);
      const int at = 3 * ((rectangle.y + y) * picture.width + rectangle.x + x);
      for (int k = 0; k < 3; ++k) {
        picture.rgb[at + k] = static_cast<std::uint8_t>(std::clamp(color[k], 0.0F, 255.0F));
      }
    }
  }
}

}  // namespace

image::Image PaintPerson(const Look& look, const std::vector<Part>& parts) {
  image::Image picture{kWidth, kHeight, {}};
  picture.rgb.assign(std::size_t{3} * kWidth * kHeight, 128);
  std::array<bool, kRegions> painted{};
  for (const Part& part : parts) {
    if (std::exchange(painted[part.region], true)) continue;
    PaintRegion(look, part.region, part.loft, picture);
  }
  return picture;
}

Eigen::Vector2f TexturePlace(Region region, const Eigen::Vector2f& place) {
  const Rectangle& rectangle = kRectangles[region];
  const auto x =
      static_cast<float>(rectangle.x + 1) + place.x() * static_cast<float>(rectangle.width - 2);
  const auto y =
      static_cast<float>(rectangle.y + 1) + place.y() * static_cast<float>(rectangle.height - 2);
  return {x / kWidth, y / kHeight};
}

}  // namespace cnp::synth
