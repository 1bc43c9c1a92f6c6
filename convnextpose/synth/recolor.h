// Clothes in other colours, skin as it is.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "convnextpose/synth/body.h"
#include "convnextpose/synth/random.h"

namespace cnp::synth {

/// Which texels of a surface's texture may change colour, 0..255 each, row by row: all of clothes,
/// none of skin and hair; where a texture holds both, none of head and hands, and of the rest what
/// is not coloured like the hands. Empty: none. Precondition: a texture.
std::vector<std::uint8_t> ClothMask(const Body& body, const Surface& surface);

/// Another hue, brightness and strength of colour, linear RGB.
Eigen::Matrix3f MakeRecolor(Random& random);

}  // namespace cnp::synth
