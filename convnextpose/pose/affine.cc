#include "convnextpose/pose/affine.h"

#include "convnextpose/base/check.h"

namespace cnp::pose {

Affine Inverse(const Affine& map) {
  const double determinant = map.xx * map.yy - map.xy * map.yx;
  CNP_CHECK(determinant != 0, "the map is not invertible");
  Affine inverse = {.xx = map.yy / determinant,
                    .xy = -map.xy / determinant,
                    .yx = -map.yx / determinant,
                    .yy = map.xx / determinant};
  inverse.x0 = -(inverse.xx * map.x0 + inverse.xy * map.y0);
  inverse.y0 = -(inverse.yx * map.x0 + inverse.yy * map.y0);
  return inverse;
}

Affine CropFromPicture(const Box& network_box, int input_width, int input_height) {
  return Inverse(PictureFromCrop(network_box, input_width, input_height));
}

Affine PictureFromCrop(const Box& network_box, int input_width, int input_height) {
  CNP_CHECK(input_width > 0 && input_height > 0, "the input has no size");
  CNP_CHECK(network_box.w > 0 && network_box.h > 0, "the box has no size");
  return {.xx = network_box.w / input_width,
          .x0 = network_box.x,
          .yy = network_box.h / input_height,
          .y0 = network_box.y};
}

}  // namespace cnp::pose
