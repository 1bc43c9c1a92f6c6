// The slow twin of Session: walks the layer list in double precision with obvious loops. It is
// what every optimisation is compared with, and runs networks folded or not.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "convnextpose/model/layers.h"
#include "convnextpose/model/weights.h"

namespace cnp::engine {

/// One picture's activations, [height, width, channels].
struct ReferenceTensor {
  model::Shape shape;
  std::vector<double> values;

  explicit ReferenceTensor(const model::Shape& shape_in)
      : shape(shape_in), values(shape_in.elements()) {}
  [[nodiscard]] double& At(int y, int x, int c) { return values[Index(y, x, c)]; }
  [[nodiscard]] double At(int y, int x, int c) const { return values[Index(y, x, c)]; }

 private:
  [[nodiscard]] std::size_t Index(int y, int x, int c) const {
    return (static_cast<std::size_t>(y) * shape.width + x) * shape.channels + c;
  }
};

/// Output of one layer. `skip` is the input of the innermost kResidualBegin, used by kResidualEnd.
/// Not for kSoftArgmax.
ReferenceTensor ReferenceLayer(const model::Layer& layer, const model::Weights& weights,
                               const ReferenceTensor& in, const ReferenceTensor& skip);

/// Expectation and standard deviation (x, y, z) of each joint's softmax, heatmap cells.
struct ReferenceJoint {
  std::array<double, 3> mean{};
  std::array<double, 3> sigma{};
};
std::vector<ReferenceJoint> ReferenceSoftArgmax(const ReferenceTensor& heatmaps, int joints);

/// The whole network on one picture, [height, width, 3] normalised floats.
std::vector<ReferenceJoint> RunReference(const std::vector<model::Layer>& layers,
                                         const model::Weights& weights,
                                         std::span<const float> picture);

}  // namespace cnp::engine
