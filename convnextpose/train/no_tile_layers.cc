// In place of tile_layers.cc where the processor can have no tile units.
#include "convnextpose/base/check.h"
#include "convnextpose/train/tile_layers.h"

namespace cnp::train {

using torch::Tensor;

namespace {
constexpr const char* kNone = "layers on tiles are asked for where there are none";
}  // namespace

bool TileLayersAvailable(const Tensor& /*x*/) { return false; }

Tensor TileBlock(const Tensor& x, const Convolution& /*depthwise*/, const BatchNorm& /*norm*/,
                 const Convolution& /*expand*/, const Convolution& /*shrink*/,
                 const Tensor& /*scale*/) {
  CNP_CHECK(false, kNone);
  return x;
}
Tensor TileSeparable(const Tensor& x, const Convolution& /*depthwise*/, const BatchNorm& /*norm*/,
                     const Convolution& /*pointwise*/) {
  CNP_CHECK(false, kNone);
  return x;
}
Tensor TileNormedPatches(const Tensor& x, const BatchNorm& /*norm*/,
                         const Convolution& /*patches*/) {
  CNP_CHECK(false, kNone);
  return x;
}
Tensor TilePointwise(const Tensor& x, const Convolution& /*pointwise*/) {
  CNP_CHECK(false, kNone);
  return x;
}

}  // namespace cnp::train
