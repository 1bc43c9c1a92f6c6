// Folds BatchNorms into the convolutions beside them: the same function, fewer layers.
#pragma once

#include <vector>

#include "convnextpose/model/layers.h"
#include "convnextpose/model/weights.h"

namespace cnp::convert {

struct FoldedNetwork {
  std::vector<model::Layer> layers;  ///< No kBatchNorm among them.
  model::Weights weights;            ///< float32, named by model::Tensors(layers).
};

/// By place in the list, whatever the names:
///   convolution, BatchNorm: into the convolution before it;
///   BatchNorm, convolution without padding: into the convolution after it;
///   else: becomes a kAffine. So does one before a zero-padded depthwise convolution, for the
///   border would see its shift where the unfolded network sees zeros.
/// Computed in double precision with epsilon kept (trained variances lie below it), rounded once.
/// Preconditions: `weights` holds every tensor of `layers` but the counters, shaped as they say,
/// with running variances >= 0.
FoldedNetwork FoldBatchNorm(const std::vector<model::Layer>& layers, const model::Weights& weights);

}  // namespace cnp::convert
