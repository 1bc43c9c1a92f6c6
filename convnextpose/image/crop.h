// The network's input cut from a picture: own code, agrees with OpenCV's warpAffine within a grey
// level on average (spec 1-network "Input", 3-pose "Crop"). Needs no OpenCV.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/box.h"

namespace cnp::image {

/// Of the RGB channels, on a scale of 0 to 1 (ImageNet's).
inline constexpr std::array<float, 3> kMean = {0.485F, 0.456F, 0.406F};
inline constexpr std::array<float, 3> kStd = {0.229F, 0.224F, 0.225F};

/// Fills `out` [input_height, input_width, 3] with (value/255 - mean) / std, bilinear between
/// pixels, black outside the picture. The box is stretched over the whole input by
/// pose::CropFromPicture. `mirror` gives the same crop with x -> input_width - 1 - x, to the bit.
/// Preconditions: pose::CheckNetworkBox(box), a picture with pixels, out.size() as above.
void Crop(const ImageView& picture, const pose::Box& network_box, int input_width, int input_height,
          bool mirror, std::span<float> out);

/// Rows [first, first + count) of the same alone, to the bit: out [count, input_width, 3].
void CropRows(const ImageView& picture, const pose::Box& network_box, int input_width,
              int input_height, bool mirror, int first, int count, std::span<float> out);

/// Rows of a crop [count, input_width, 3] -> the rows of its mirror image, to the bit.
/// Precondition: mirrored.size() == rows.size(), a whole number of rows.
void MirrorRows(std::span<const float> rows, int input_width, std::span<float> mirrored);

/// A crop before normalisation, rounded to 8 bits: to look at, and to compare with others.
void CropBytes(const ImageView& picture, const pose::Box& network_box, int input_width,
               int input_height, bool mirror, std::span<std::uint8_t> out);

}  // namespace cnp::image
