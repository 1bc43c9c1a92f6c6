// BatchNorm between the layers on tiles: measured where a depthwise convolution ends, folded into
// the product behind it, and undone in that product's gradients. Internal to the layers on tiles.
#pragma once

#include "convnextpose/train/tile_layers.h"
#include "convnextpose/train/tile_tensors.h"

namespace cnp::train::tiles {

/// Of channels.
struct Statistics {
  Tensor mean, scale;  ///< [padded channels]; scale: 1 / deviation.
};
/// Of values [pixels, channels or more], a picture after the other. Updates the running ones.
Statistics Measure(const Size& size, const RowMatrix<const float>& values, const BatchNorm& norm);

/// A BatchNorm's factors for the columns of a product's weights `rows` [out, in]: once for each
/// pixel of a patch.
struct NormColumns {
  NormColumns(const Tensor& norm_gamma, const Tensor& norm_beta, const Tensor& rows);
  Tensor gamma, beta;  ///< [in]
};
/// Bias and what beta adds to it, [padded out].
Tensor FoldedBias(const Tensor& bias, const Tensor& rows, const NormColumns& norm);

/// What a product with folded weights leaves for its own: `folded_gradient` [out, in] of the folded
/// weights, `bias_gradient` [out], `norm_gamma` [channels], `pixels` that were normalised.
struct UnfoldedGradients {
  UnfoldedGradients(const Tensor& rows, const NormColumns& norm, const Tensor& folded_gradient,
                    const Tensor& bias_gradient, const Tensor& norm_gamma, int pixels);
  /// What NormaliseRowGradient takes; `scale` as Statistics have it.
  [[nodiscard]] NormGradient OfValues(const Tensor& scale) const;

  Tensor weight;                       ///< [out, in]
  Tensor gamma, beta;                  ///< [channels]
  Tensor mean_gradient, mean_product;  ///< [channels]
};

/// Normalised values, rounded, and what their gradient needs.
struct Normal {
  Tensor rows;   ///< HalfRowsOf [pixels, channels]
  Tensor scale;  ///< As Statistics have it.
};
/// norm(depthwise(x)) without gamma and beta.
Normal DepthwiseNorm(const Tensor& x, const Convolution& depthwise, const BatchNorm& norm);

struct DepthwiseGradients {
  Tensor x, weight;
};
/// `gradient` [pixels, padded channels]: of the normalised values. `added` (undefined: none): what
/// reaches x beside. The bias has none: BatchNorm takes the mean away.
DepthwiseGradients DepthwiseNormGradient(const Tensor& x, const Tensor& weight,
                                         const Normal& normal, const Tensor& gradient,
                                         const NormGradient& norm, const Tensor& added);

}  // namespace cnp::train::tiles
