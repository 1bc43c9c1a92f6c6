// Blurring.
#pragma once

#include "convnextpose/synth/shade.h"

namespace cnp::synth {

/// By a Gaussian of that standard deviation, pixels; below a quarter, and 0, nothing happens.
/// Cut off at 12 pixels.
void Blur(double sigma, Picture& picture);

/// The mean along a trace of (dx, dy) pixels about every pixel.
void MoveBlur(double dx, double dy, Picture& picture);

}  // namespace cnp::synth
