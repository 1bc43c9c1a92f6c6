// Pictures out of nothing: patterns for things, and backgrounds where no folder brings any.
#pragma once

#include "convnextpose/image/image.h"
#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/random.h"

namespace cnp::synth {

/// Stripes, checks, dots, gradients, clouds, in random colours.
image::Image PaintPattern(Random random, int width, int height);

/// A room or a landscape, roughly: many patterns on planes and boxes; panorama or photograph.
Background PaintBackground(Random random, bool panorama);

}  // namespace cnp::synth
