// A picture seen through any affine map: the network's input as training sees it, turned and
// stretched. Own code, agrees with OpenCV's warpAffine within a grey level on average.
#pragma once

#include <cstdint>
#include <span>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/affine.h"

namespace cnp::image {

/// Fills `out` [height, width, 3]: pixel (x, y) shows the picture at picture_from_output(x, y),
/// bilinear between pixels, black outside the picture; nothing is averaged where the picture
/// shrinks, as in Crop (crop.h), which this equals for maps that do not turn.
/// Preconditions: a picture with pixels, finite numbers, out.size() as above.
void Warp(const ImageView& picture, const pose::Affine& picture_from_output, int width, int height,
          std::span<std::uint8_t> out);

}  // namespace cnp::image
