// Clothes in other colours, skin as it is.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <vector>

#include "convnextpose/synth/body.h"
#include "convnextpose/synth/random.h"

namespace cnp::synth {

/// Which texels of a surface's texture may change colour, 0..255 each, row by row: all of clothes,
/// none of skin and hair; where a texture holds both, none of head and hands, and of the rest what
/// is not coloured like the hands. Empty: none. Precondition: a texture.
std::vector<std::uint8_t> ClothMask(const Body& body, const Surface& surface);

/// The mean colour of the hands in a surface's texture, linear RGB; none where it has no hands.
/// Precondition: a texture.
std::optional<Eigen::Vector3f> SkinColor(const Body& body, const Surface& surface);

/// A texel's linear RGB, 0..1, by a square for sRGB's curve: the measure of dyes.
inline Eigen::Vector3f LinearTexel(std::uint32_t texel) {
  const Eigen::Vector3f color(static_cast<float>(texel & 255), static_cast<float>(texel >> 8 & 255),
                              static_cast<float>(texel >> 16 & 255));
  return (color / 255).cwiseAbs2();
}

/// What becomes of a colour, linear RGB: turn * color + add.
struct Dye {
  Eigen::Matrix3f turn = Eigen::Matrix3f::Identity();
  Eigen::Vector3f add = Eigen::Vector3f::Zero();
};

/// Another hue and strength of colour, and any brightness, whatever that of `cloth` is, which is
/// the mean colour of what is dyed.
Dye MakeDye(const Eigen::Vector3f& cloth, Random& random);

/// Cloth to bare skin, of which folds and patterns are left as shades.
Dye SkinDye(const Eigen::Vector3f& cloth, const Eigen::Vector3f& skin);

}  // namespace cnp::synth
