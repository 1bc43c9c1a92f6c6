#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "convnextpose/synth/person.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr float kEnd = 100;  // Beyond every tube.

/// Where one bone of a chain takes over from the one before, and how gently.
struct Link {
  int bone;
  float from;
  float half_width;
};

// The first link takes all that lies before the second.
Pulls AlongChain(std::initializer_list<Link> chain, float at) {
  Pulls pulls;
  for (const Link* link = chain.begin(); link != chain.end(); ++link) {
    const float begun = link == chain.begin() ? 1
                                              : Ramp(link->from - link->half_width,
                                                     link->from + link->half_width, at);
    if (link != chain.begin()) pulls.back().second *= 1 - begun;
    pulls.emplace_back(link->bone, begun);
  }
  return pulls;
}

void Add(Pulls& pulls, const Pulls& more, float share) {
  for (auto& [bone, weight] : pulls) weight *= 1 - share;
  for (const auto& [bone, weight] : more) pulls.emplace_back(bone, weight * share);
}

float Bump(float x, float middle, float width) {
  const float d = (x - middle) / width;
  return std::exp(-d * d);
}

// The left and the right bone, passing over in the middle.
Pulls Sides(int left, float x, float width) {
  const float share = Ramp(-width, width, x);
  return {{left, share}, {left + kRight, 1 - share}};
}

Pulls TorsoPulls(const Vector3f& p) {
  Pulls pulls = AlongChain({{kHips, 0, 1},
                            {kSpine, 1.0F, 0.05F},
                            {kSpine1, 1.085F, 0.05F},
                            {kSpine2, 1.19F, 0.06F},
                            {kNeck, 1.47F, 0.03F}},
                           p.y());
  const float out = std::abs(p.x());
  const float legs = 0.6F * (1 - Ramp(0.84F, 0.95F, p.y())) * Ramp(0.02F, 0.09F, out);
  Add(pulls, Sides(kLeftUpLeg, p.x(), 0.03F), legs);
  const float shoulders = 0.7F * Ramp(1.30F, 1.41F, p.y()) * Ramp(0.05F, 0.14F, out);
  Add(pulls, Sides(kLeftShoulder, p.x(), 0.03F), shoulders);
  const float arms = 0.35F * Ramp(1.28F, 1.38F, p.y()) * Ramp(0.13F, 0.18F, out);
  Add(pulls, Sides(kLeftArm, p.x(), 0.03F), arms);
  return pulls;
}

std::vector<Cover> TorsoCovers(const Look& look) {
  const float tucked = look.upper_loose_m;
  if (look.neckline <= look.hem)
    return {{look.waist, kLower, look.lower_loose_m}, {kEnd, kSkin, 0}};
  if (look.hem > look.waist) {
    return {{look.waist, kLower, look.lower_loose_m},
            {look.hem, kSkin, 0},
            {look.neckline, kUpper, tucked},
            {kEnd, kSkin, 0}};
  }
  return {{look.hem, kLower, look.lower_loose_m},
          {look.neckline, kUpper, tucked + 0.005F},
          {kEnd, kSkin, 0}};
}

Part Torso(const Look& look) {
  const Build& build = look.build;
  Part part{kTorsoRegion, {}, TorsoPulls};
  part.loft.segments = 22;
  part.loft.rings = 18;
  part.loft.round_begin = 0.04F;
  part.loft.squareness = 2.25F;
  const auto add = [&](float y, float across, float front, float back, float z = 0) {
    const float waist = 1 + (build.waist - 1) * Bump(y, 1.09F, 0.1F);
    const float belly = build.belly_m * Bump(y, 1.05F, 0.12F);
    const float girth = 1 + (build.trunk_girth - 1) * (1 - Ramp(1.36F, 1.46F, y));
    part.loft.sections.push_back({y,
                                  {0, y, z},
                                  across * girth * waist + 0.5F * belly,
                                  front * girth * waist + belly,
                                  back * girth * waist});
  };
  add(0.815F, 0.10F, 0.06F, 0.08F);
  add(0.86F, 0.145F, 0.083F, 0.10F);
  add(0.91F, 0.166F, 0.095F, 0.112F);
  add(0.96F, 0.167F, 0.100F, 0.108F);
  add(1.02F, 0.152F, 0.100F, 0.092F);
  add(1.09F, 0.142F, 0.098F, 0.082F);
  add(1.16F, 0.148F, 0.103F, 0.090F);
  add(1.24F, 0.160F, 0.110F, 0.100F);
  add(1.31F, 0.165F, 0.108F, 0.106F);
  add(1.37F, 0.162F, 0.092F, 0.104F, -0.003F);
  add(1.41F, 0.145F, 0.074F, 0.092F, -0.006F);
  add(1.44F, 0.112F, 0.058F, 0.076F, -0.010F);
  add(1.465F, 0.074F, 0.050F, 0.062F, -0.012F);
  add(1.485F, 0.052F, 0.040F, 0.050F, -0.012F);
  part.loft.covers = TorsoCovers(look);
  const float bust = build.bust_m;
  part.loft.mould = [bust](const Vector3f& p) {
    const float out = std::abs(p.x());
    const float front = Ramp(0, 0.06F, p.z());
    const float chest = bust * Bump(out, 0.078F, 0.055F) * Bump(p.y(), 1.275F, 0.06F);
    const float seat = 0.022F * Bump(out, 0.075F, 0.05F) * Bump(p.y(), 0.905F, 0.06F);
    const float spine = 0.012F * Bump(p.x(), 0, 0.02F) * Bump(p.y(), 1.15F, 0.13F);
    return Vector3f(p.x(), p.y(), p.z() + front * chest - (1 - front) * (seat - spine));
  };
  return part;
}

Part LeftLeg(const Look& look) {
  Part part{kLegRegion, {}, [](const Vector3f& p) {
              Pulls pulls = AlongChain({{kHips, 0, 1},
                                        {kLeftUpLeg, -0.925F, 0.06F},
                                        {kLeftLeg, -0.505F, 0.055F},
                                        {kLeftFoot, -0.085F, 0.03F}},
                                       -p.y());
              return pulls;
            }};
  part.both_sides = true;
  part.loft.segments = 14;
  part.loft.rings = 14;
  part.loft.round_begin = 0.05F;
  const float girth = look.build.leg_girth;
  const auto add = [&](float y, float across, float front, float back, float z = 0) {
    const float x = 0.087F + 0.4F * (girth - 1) * across;
    part.loft.sections.push_back({1 - y, {x, y, z}, girth * across, girth * front, girth * back});
  };
  add(1.00F, 0.066F, 0.066F, 0.075F);
  add(0.93F, 0.081F, 0.083F, 0.088F);
  add(0.85F, 0.084F, 0.086F, 0.087F);
  add(0.75F, 0.077F, 0.081F, 0.079F);
  add(0.62F, 0.063F, 0.069F, 0.063F);
  add(0.53F, 0.054F, 0.058F, 0.051F);
  add(0.48F, 0.052F, 0.053F, 0.052F);
  add(0.42F, 0.053F, 0.045F, 0.062F);
  add(0.35F, 0.053F, 0.041F, 0.066F, -0.004F);
  add(0.25F, 0.043F, 0.037F, 0.050F, -0.007F);
  add(0.15F, 0.033F, 0.033F, 0.039F, -0.01F);
  add(0.10F, 0.033F, 0.035F, 0.040F, -0.01F);
  add(0.05F, 0.030F, 0.034F, 0.036F, -0.01F);
  part.loft.covers = {{1 - look.leg_end, kLower, look.lower_loose_m}};
  if (!look.barefoot && look.sock_end < look.leg_end) {
    part.loft.covers.push_back({1 - look.sock_end, kSkin, 0});
  }
  part.loft.covers.push_back({kEnd, look.barefoot ? kSkin : kSock, look.barefoot ? 0 : 0.002F});
  return part;
}

Part LeftFoot(const Look& look) {
  Part part{kFootRegion, {}, [](const Vector3f& p) {
              return AlongChain({{kLeftFoot, 0, 1}, {kLeftToeBase, 0.12F, 0.025F}}, p.z());
            }};
  part.both_sides = true;
  part.loft.segments = 12;
  part.loft.rings = 6;
  part.loft.front = Vector3f::UnitY();
  part.loft.round_begin = 0.03F;
  part.loft.round_end = 0.035F;
  part.loft.squareness = 2.4F;
  const float thick = look.barefoot ? -0.003F : 0.004F;
  const auto add = [&](float z, float across, float top) {
    part.loft.sections.push_back({z, {0.087F, 0.03F, z}, across + thick, top + thick, 0.04F});
  };
  add(-0.072F, 0.036F, 0.055F);
  add(-0.03F, 0.037F, 0.070F);
  add(0.02F, 0.038F, 0.066F);
  add(0.06F, 0.042F, 0.042F);
  add(0.11F, 0.047F, 0.026F);
  add(0.15F, 0.047F, 0.020F);
  add(0.195F, 0.040F, 0.016F);
  part.loft.covers = {{kEnd, look.barefoot ? kSkin : kShoe, 0}};
  part.loft.mould = [](const Vector3f& p) { return Vector3f(p.x(), std::max(p.y(), 0.0F), p.z()); };
  return part;
}

Part Skirt(const Look& look) {
  Part part{kSkirtRegion, {}, [](const Vector3f& p) {
              Pulls pulls = {{kHips, 1.0F}};
              Add(pulls, Sides(kLeftUpLeg, p.x(), 0.12F), 0.9F * (1 - Ramp(0.72F, 0.97F, p.y())));
              return pulls;
            }};
  part.loft.segments = 24;
  part.loft.rings = 8;
  const float girth = look.build.trunk_girth;
  const auto add = [&](float y, float across, float depth) {
    part.loft.sections.push_back(
        {1.1F - y, {0, y, 0}, girth * across, girth * depth, girth * depth});
  };
  add(look.waist + 0.02F, 0.155F, 0.100F);
  add(0.92F, 0.182F, 0.125F);
  const float flare = 0.16F * (0.92F - look.skirt_end);
  add(look.skirt_end, 0.19F + flare, 0.135F + flare);
  part.loft.covers = {{kEnd, kLower, look.lower_loose_m}};
  return part;
}

Part LeftArm(const Look& look) {
  Part part{kArmRegion, {}, [](const Vector3f& p) {
              return AlongChain({{kSpine2, 0, 1},
                                 {kLeftShoulder, 0.09F, 0.04F},
                                 {kLeftArm, 0.165F, 0.045F},
                                 {kLeftForeArm, 0.445F, 0.045F},
                                 {kLeftHand, 0.69F, 0.03F}},
                                p.x());
            }};
  part.both_sides = true;
  part.loft.segments = 11;
  part.loft.rings = 13;
  part.loft.across = Vector3f::UnitY();
  part.loft.round_begin = 0.05F;
  const float girth = look.build.arm_girth;
  const auto add = [&](float x, float y, float up, float front, float back) {
    part.loft.sections.push_back({x, {x, y, -0.005F}, girth * up, girth * front, girth * back});
  };
  add(0.09F, 1.390F, 0.050F, 0.048F, 0.052F);
  add(0.14F, 1.398F, 0.057F, 0.053F, 0.058F);
  add(0.18F, 1.403F, 0.056F, 0.053F, 0.056F);
  add(0.24F, 1.405F, 0.048F, 0.048F, 0.048F);
  add(0.32F, 1.405F, 0.043F, 0.046F, 0.042F);
  add(0.40F, 1.405F, 0.037F, 0.038F, 0.037F);
  add(0.445F, 1.405F, 0.035F, 0.034F, 0.036F);
  add(0.50F, 1.405F, 0.038F, 0.040F, 0.037F);
  add(0.56F, 1.405F, 0.034F, 0.037F, 0.034F);
  add(0.64F, 1.405F, 0.024F, 0.030F, 0.027F);
  add(0.71F, 1.405F, 0.017F, 0.027F, 0.025F);
  if (look.sleeve_end > 0.1F) part.loft.covers = {{look.sleeve_end, kUpper, look.upper_loose_m}};
  part.loft.covers.push_back({kEnd, kSkin, 0});
  return part;
}

Pulls OfHand(const Vector3f& p) {
  return AlongChain({{kLeftForeArm, 0, 1}, {kLeftHand, 0.69F, 0.03F}}, p.x());
}

Part Palm() {
  Part part{kSkinRegion, {}, OfHand};
  part.both_sides = true;
  part.loft.segments = 10;
  part.loft.rings = 3;
  part.loft.across = Vector3f::UnitY();
  part.loft.round_end = 0.02F;
  const auto add = [&](float x, float up, float front, float back) {
    part.loft.sections.push_back({x, {x, 1.405F, -0.005F}, up, front, back});
  };
  add(0.680F, 0.016F, 0.026F, 0.024F);
  add(0.720F, 0.017F, 0.037F, 0.033F);
  add(0.755F, 0.015F, 0.043F, 0.040F);
  add(0.790F, 0.011F, 0.041F, 0.040F);
  part.loft.covers = {{kEnd, kSkin, 0}};
  return part;
}

Part Finger(const Vector3f& from, const Vector3f& to, float radius) {
  Part part{kSkinRegion, {}, OfHand};
  part.both_sides = true;
  part.loft.segments = 5;
  part.loft.rings = 1;
  part.loft.across = Vector3f::UnitY();
  part.loft.front = Vector3f::UnitY().cross((from - to).normalized());
  part.loft.round_end = radius;
  const float length = (to - from).norm();
  part.loft.sections = {{0, from, radius, radius, radius},
                        {length, to, 0.8F * radius, 0.8F * radius, 0.8F * radius}};
  part.loft.covers = {{kEnd, kSkin, 0}};
  return part;
}

void AddHands(std::vector<Part>& parts) {
  parts.push_back(Palm());
  const float y = 1.405F;
  parts.push_back(Finger({0.765F, y, 0.028F}, {0.868F, y - 0.012F, 0.032F}, 0.0095F));
  parts.push_back(Finger({0.770F, y, 0.007F}, {0.880F, y - 0.012F, 0.008F}, 0.0098F));
  parts.push_back(Finger({0.768F, y, -0.014F}, {0.868F, y - 0.014F, -0.017F}, 0.0093F));
  parts.push_back(Finger({0.760F, y, -0.033F}, {0.842F, y - 0.014F, -0.040F}, 0.0080F));
  parts.push_back(Finger({0.712F, y - 0.003F, 0.018F}, {0.785F, y - 0.018F, 0.072F}, 0.0115F));
}

Part Neck() {
  Part part{
      kSkinRegion, {}, [](const Vector3f& p) {
        return AlongChain({{kSpine2, 0, 1}, {kNeck, 1.455F, 0.03F}, {kHead, 1.545F, 0.03F}}, p.y());
      }};
  part.loft.segments = 12;
  part.loft.rings = 4;
  part.loft.sections = {{1.40F, {0, 1.40F, -0.012F}, 0.060F, 0.050F, 0.052F},
                        {1.46F, {0, 1.46F, -0.010F}, 0.055F, 0.052F, 0.052F},
                        {1.52F, {0, 1.52F, 0.000F}, 0.052F, 0.054F, 0.053F},
                        {1.60F, {0, 1.60F, 0.005F}, 0.052F, 0.052F, 0.053F}};
  part.loft.covers = {{kEnd, kSkin, 0}};
  return part;
}

Pulls OfHead(const Vector3f& /*p*/) { return {{kHead, 1.0F}}; }

std::vector<Section> Skull() {
  return {{1.508F, {0, 1.508F, 0.045F}, 0.030F, 0.042F, 0.045F},
          {1.53F, {0, 1.53F, 0.03F}, 0.047F, 0.072F, 0.052F},
          {1.56F, {0, 1.56F, 0.02F}, 0.059F, 0.084F, 0.074F},
          {1.60F, {0, 1.60F, 0.02F}, 0.068F, 0.085F, 0.096F},
          {1.64F, {0, 1.64F, 0.02F}, 0.073F, 0.083F, 0.106F},
          {1.68F, {0, 1.68F, 0.02F}, 0.073F, 0.080F, 0.106F},
          {1.715F, {0, 1.715F, 0.016F}, 0.066F, 0.068F, 0.094F},
          {1.74F, {0, 1.74F, 0.01F}, 0.048F, 0.050F, 0.068F},
          {1.755F, {0, 1.755F, 0.01F}, 0.03F, 0.032F, 0.045F}};
}

Part Head() {
  Part part{kHeadRegion, {}, OfHead};
  part.loft.segments = 24;
  part.loft.rings = 15;
  part.loft.round_begin = 0.012F;
  part.loft.round_end = 0.012F;
  part.loft.squareness = 2.1F;
  part.loft.sections = Skull();
  part.loft.covers = {{kEnd, kFace, 0}};
  part.loft.mould = [](const Vector3f& p) {
    if (p.z() < 0.03F) return p;
    const float out = std::abs(p.x());
    const float nose = 0.026F * Bump(out, 0, 0.014F) * Bump(p.y(), 1.598F, 0.02F) +
                       0.008F * Bump(out, 0, 0.012F) * Bump(p.y(), 1.625F, 0.02F);
    const float eyes = -0.008F * Bump(out, 0.031F, 0.016F) * Bump(p.y(), 1.628F, 0.013F);
    const float mouth = 0.006F * Bump(out, 0, 0.022F) * Bump(p.y(), 1.563F, 0.012F);
    const float chin = 0.008F * Bump(out, 0, 0.022F) * Bump(p.y(), 1.53F, 0.014F);
    return Vector3f(p.x(), p.y(), p.z() + nose + eyes + mouth + chin);
  };
  return part;
}

Part Ear() {
  Part part{kSkinRegion, {}, OfHead};
  part.both_sides = true;
  part.loft.segments = 6;
  part.loft.rings = 1;
  part.loft.round_begin = part.loft.round_end = 0.025F;
  part.loft.sections = {{1.582F, {0.069F, 1.582F, 0.008F}, 0.008F, 0.013F, 0.014F},
                        {1.642F, {0.076F, 1.642F, 0.002F}, 0.011F, 0.016F, 0.020F}};
  part.loft.covers = {{kEnd, kSkin, 0}};
  return part;
}

struct Hairline {
  float front = 1.685F;
  float side = 1.60F;
  float back = 1.535F;
};

// A shell around the skull that goes inside it where no hair grows.
Part Cap(float thickness, const Hairline& line) {
  Part part{kHairRegion, {}, OfHead};
  part.loft.segments = 22;
  part.loft.rings = 11;
  part.loft.round_begin = 0.012F;
  part.loft.round_end = 0.02F;
  part.loft.squareness = 2.1F;
  part.loft.sections = Skull();
  for (Section& section : part.loft.sections) {
    section.center.y() += thickness * Ramp(1.66F, 1.755F, section.t);
  }
  part.loft.covers = {{kEnd, kHair, thickness}};
  part.loft.mould = [line](const Vector3f& p) {
    const float angle = std::abs(std::atan2(p.x(), p.z() - 0.02F));  // 0 in front.
    const float sides = Ramp(0.75F, 1.15F, angle);
    const float back = Ramp(1.75F, 2.3F, angle);
    const float height =
        line.front + sides * (line.side - line.front) + back * (line.back - line.side);
    const float grows = Ramp(height - 0.008F, height + 0.014F, p.y());
    const float in = 0.8F + 0.2F * grows;
    return Vector3f(in * p.x(), p.y(), 0.015F + in * (p.z() - 0.015F));
  };
  return part;
}

// Hair that hangs, from top to bottom.
Part Strand(std::vector<Section> sections, bool on_back) {
  Part part{kHairRegion, {}, OfHead};
  part.loft.segments = 12;
  part.loft.rings = 6;
  part.loft.round_begin = 0.03F;
  part.loft.round_end = 0.02F;
  part.loft.sections = std::move(sections);
  part.loft.covers = {{kEnd, kHair, 0}};
  if (on_back) {
    part.pulls = [](const Vector3f& p) {
      return AlongChain({{kSpine2, 0, 1}, {kNeck, 1.40F, 0.06F}, {kHead, 1.50F, 0.05F}}, p.y());
    };
  }
  return part;
}

void AddHair(HairStyle style, std::vector<Part>& parts) {
  if (style == HairStyle::kBald) return;
  if (style == HairStyle::kShort) return parts.push_back(Cap(0.007F, {}));
  const bool covers_ears = style == HairStyle::kLong;
  parts.push_back(Cap(style == HairStyle::kFull ? 0.019F : 0.011F,
                      {1.69F, covers_ears ? 1.55F : 1.605F, covers_ears ? 1.51F : 1.53F}));
  if (style == HairStyle::kLong) {
    parts.push_back(Strand({{0, {0, 1.70F, -0.035F}, 0.070F, 0.04F, 0.06F},
                            {0.08F, {0, 1.62F, -0.045F}, 0.086F, 0.05F, 0.058F},
                            {0.2F, {0, 1.50F, -0.060F}, 0.092F, 0.045F, 0.045F},
                            {0.33F, {0, 1.37F, -0.085F}, 0.085F, 0.035F, 0.04F}},
                           true));
  }
  if (style == HairStyle::kTail) {
    parts.push_back(Strand({{0, {0, 1.69F, -0.075F}, 0.028F, 0.02F, 0.02F},
                            {0.07F, {0, 1.665F, -0.125F}, 0.026F, 0.025F, 0.02F},
                            {0.3F, {0, 1.44F, -0.150F}, 0.016F, 0.016F, 0.016F}},
                           false));
  }
  if (style == HairStyle::kBun) {
    parts.push_back(Strand({{0, {0, 1.745F, -0.095F}, 0.040F, 0.036F, 0.036F},
                            {0.08F, {0, 1.665F, -0.100F}, 0.040F, 0.036F, 0.036F}},
                           false));
    parts.back().loft.round_begin = parts.back().loft.round_end = 0.04F;
  }
}

}  // namespace

std::vector<Part> MakeParts(const Look& look) {
  std::vector<Part> parts;
  parts.push_back(Torso(look));
  parts.push_back(LeftLeg(look));
  parts.push_back(LeftArm(look));
  parts.push_back(Head());
  AddHair(look.style, parts);
  parts.push_back(LeftFoot(look));
  if (look.skirt_end > 0) parts.push_back(Skirt(look));
  parts.push_back(Neck());
  parts.push_back(Ear());
  AddHands(parts);
  return parts;
}

}  // namespace cnp::synth
