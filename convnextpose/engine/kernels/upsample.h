// Bilinear upsampling by two with align_corners = true: the corners keep their values.
#pragma once

#include <vector>

#include "convnextpose/engine/kernels/pixels.h"

namespace cnp::engine {

/// Where an output coordinate falls between two input coordinates:
/// out = (1 - weight) * in[low] + weight * in[high].
struct Lerp {
  int low = 0;
  int high = 0;
  float weight = 0;
};

/// One entry for each of the 2 * size output coordinates: source = i * (size - 1) / (2 size - 1).
std::vector<Lerp> UpsampleTable(int size);

/// Writes output row `row` from `in`, an [height, width] picture of `channels` (a multiple of
/// kChannelBlock): out is that row, 2 * in.width pixels. Tables are of in's height and width.
/// Thread-safe on disjoint outputs.
void UpsampleRow(const ConstPixels& in, int channels, const Lerp& row,
                 const std::vector<Lerp>& columns, const Pixels& out);

}  // namespace cnp::engine
