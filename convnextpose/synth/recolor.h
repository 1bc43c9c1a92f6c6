// Clothes in other colours, skin as it is.
#pragma once

#include <Eigen/Core>

#include "convnextpose/synth/body.h"
#include "convnextpose/synth/random.h"
#include "convnextpose/synth/texture.h"

namespace cnp::synth {

/// Which colours of a surface's texture may change: all of clothes, none of skin and hair; where a
/// texture holds both, what does not look like the body's face. Precondition: a texture.
Mask ClothMask(const Body& body, const Surface& surface);

/// Another hue, brightness and strength of colour, linear RGB.
Eigen::Matrix3f MakeRecolor(Random& random);

}  // namespace cnp::synth
