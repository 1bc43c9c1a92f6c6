// What JPEG compression leaves of a picture, without making a file: much faster than a codec.
#pragma once

#include "convnextpose/synth/shade.h"

namespace cnp::synth {

/// Rounds the cosine coefficients of 8 x 8 blocks as a baseline encoder of that quality (1..100)
/// does, with colours at half resolution. Values stay within 0..255.
void CompressLikeJpeg(int quality, Picture& picture);

}  // namespace cnp::synth
