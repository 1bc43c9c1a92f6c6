// What lens, sensor, software and storage do to a picture.
#pragma once

#include <array>
#include <cstdint>

#include "convnextpose/image/image.h"
#include "convnextpose/synth/random.h"
#include "convnextpose/synth/shade.h"

namespace cnp::synth {

/// Lengths are shares of the person's size, so that they look alike in every window.
struct Finish {
  double blur = 0;                        ///< Standard deviation.
  std::array<double, 2> motion = {0, 0};  ///< The trace of a moving camera.
  double sharpen = 0;                     ///< Weight of the unsharp mask.
  double coarse = 1;                      ///< Taken with so many times fewer pixels.
  double noise = 0;                       ///< Grey levels, of a medium grey.
  double color_noise = 0;                 ///< Of the noise, the share that is coloured.
  int jpeg_quality = 0;                   ///< 0: not compressed.
  bool grey = false;
  double gamma = 1;
  double contrast = 1;                     ///< About the middle.
  double brightness = 0;                   ///< Grey levels.
  std::array<double, 3> gain = {1, 1, 1};  ///< White balance.
  std::uint64_t seed = 0;
};

Finish MakeFinish(Random random);

/// All but `coarse`. `person_px`: how large the person is in this picture, pixels.
void ApplyFinish(const Finish& finish, double person_px, Picture& picture);

/// The picture in bytes, rounded.
image::Image ToImage(const Picture& picture);

}  // namespace cnp::synth
