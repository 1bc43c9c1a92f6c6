// What the network is trained on: pictures cut to its input and where the joints are in heatmap
// cells (spec 3-pose, 6 Training). No LibTorch here.
#pragma once

#include <cstdint>
#include <vector>

namespace cnp::train {

/// B examples, in the network's joint order (pose::Human36m() unless configured).
struct Batch {
  int size = 0;
  int input = 0;  ///< Pixels along a side of the square input.
  int joints = 0;
  std::vector<std::uint8_t> pictures;  ///< [B, input, input, 3] RGB; black outside the picture.
  std::vector<float> target;           ///< [B, J, 3] x, y, z in cells of the network's heatmap.
  /// [B, J, 3] 1 where the coordinate counts: x and y if the joint is labelled and lies in the
  /// crop, z if moreover its depth is known; a joint whose depth is outside the cube counts in
  /// none.
  std::vector<float> weight;
};

/// The sizes that turn pixels and millimetres into cells.
struct Cells {
  int input = 256;      ///< Pixels.
  int heatmap = 32;     ///< Cells along x and y.
  int depth_bins = 32;  ///< Cells along z, of a cube of 2000 mm around the root.
};

}  // namespace cnp::train
