// What training does to a picture before the network sees it (spec 6, "Augmentation"): pure
// functions of random numbers.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "convnextpose/pose/affine.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/vec.h"
#include "convnextpose/synth/random.h"

namespace cnp::train {

/// The defaults are the paper's.
struct Augmentation {
  double scale = 0.25;
  double rotation_degrees = 30;
  double rotation_probability = 0.6;
  double flip_probability = 0.5;
  double color = 0.2;
  double erase_probability = 0.5;
  double max_erased = 0.7;      ///< Of the box's area.
  double shift = 0;             ///< Of the box's side, uniform; the paper has none.
  double head_probability = 0;  ///< Of HideHead; the paper has none.
};

/// How the network looks at a person's box.
struct Look {
  double scale = 1;             ///< Of the box's side.
  double rotation_degrees = 0;  ///< Of the window, clockwise as one sees it.
  bool flip = false;
  double shift_x = 0;  ///< Of the box's centre, in sides of the box.
  double shift_y = 0;
};

/// Scale 1 + s * clip(n, -1, 1), rotation with its probability r * clip(n, -2, 2), n normal.
Look DrawLook(const Augmentation& augmentation, synth::Random random);

/// Crop pixels -> picture pixels: the box, scaled, shifted and turned about its centre, over the
/// whole crop; `flip` mirrors the crop about its middle (x -> input - x).
pose::Affine PictureFromLook(const pose::Box& network_box, const Look& look, int input);

/// Factors of R, G and B.
std::array<double, 3> DrawColor(const Augmentation& augmentation, synth::Random random);
/// Each channel times its factor, clipped to 0 ... 255. `rgb`: whole pixels.
void Recolor(const std::array<double, 3>& factors, std::span<std::uint8_t> rgb);

/// With its probability fills a rectangle of random place, area and shape (height / width 0.3 to
/// 3.3) of a crop [input, input, 3] with noise.
void Erase(const Augmentation& augmentation, synth::Random random, int input,
           std::span<std::uint8_t> rgb);

/// Where a head is in a crop, pixels: from the neck to its top.
struct HeadPlace {
  pose::Vec2 neck, top;
};

/// With its probability makes a head's looks say nothing, as caps, helmets and pixelated faces do:
/// so that a network tells front from back by the body as well. Coarse squares, one colour, or one
/// colour over the upper half. Crops as Erase's; the head may lie outside.
void HideHead(const Augmentation& augmentation, synth::Random random, const HeadPlace& head,
              int input, std::span<std::uint8_t> rgb);

}  // namespace cnp::train
