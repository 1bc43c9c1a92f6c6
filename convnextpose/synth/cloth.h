// Colours of cloth.
#pragma once

#include "convnextpose/synth/look.h"

namespace cnp::synth {

/// Smooth noise, -1..1, with features of about one unit.
float Noise(std::uint64_t seed, float x, float y);

/// The colour at a place on a cloth, in metres, folds included.
Color ClothAt(const Cloth& cloth, float around, float along);

/// a where share is 0, b where it is 1.
inline Color Blend(const Color& a, const Color& b, float share) { return a + share * (b - a); }

}  // namespace cnp::synth
