// What tile_pointwise.cc calls on processors with AMX. The same functions, checked by the caller.
#pragma once

#include "convnextpose/engine/kernels/tile_pointwise.h"

namespace cnp::engine {

/// Asks the processor, and the system for leave to use its tiles.
bool AmxAvailable();

void AmxSplit(const PackedTilePointwise& weights, const PointwiseInput& in, int pixels,
              const SplitPixels& split);
void AmxPointwiseRelu(const PackedTilePointwise& weights, Channels channels, const SplitPixels& in,
                      int pixels, const SplitPixels& split, const WeightsNext& next);
void AmxPointwise(const PackedTilePointwise& weights, Inputs inputs, const SplitPixels& in,
                  int pixels, Activation activation, const ConstPixels& residual, const Pixels& out,
                  const WeightsNext& next);

}  // namespace cnp::engine
