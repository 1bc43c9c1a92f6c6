// Soft-argmax: a joint's 3-D heatmap -> softmax over all cells -> expectation and spread.
#pragma once

#include <span>
#include <vector>

#include "convnextpose/base/aligned.h"
#include "convnextpose/engine/kernels/pixels.h"
#include "convnextpose/engine/kernels/upsample.h"

namespace cnp::engine {

/// How near is near, for JointEstimate::confidence: this share of the axis' length.
inline constexpr double kReach = 0.1;

/// Where a joint is, in heatmap cells: axis 0 is x (columns), 1 is y (rows), 2 is z (depth bins).
struct JointEstimate {
  float mean[3] = {};   ///< Expectation of the cell index under the softmax.
  float sigma[3] = {};  ///< Standard deviation of the same, per axis.
  /// Probability under the softmax that the joint lies within kReach of its expectation, on the
  /// axis where that is least; 0..1. Low when the heatmap is flat or has several peaks.
  float confidence = 0;
};

/// The geometry of the heatmaps of one network; immutable.
struct HeatmapShape {
  int height = 0;  ///< Stored rows and columns ...
  int width = 0;
  int depth_bins = 0;
  int joints = 0;
  bool upsample = false;   ///< ... which stand for twice as many, interpolated on the fly.
  std::vector<Lerp> rows;  ///< UpsampleTable of height and width, if upsample.
  std::vector<Lerp> columns;

  HeatmapShape() = default;
  HeatmapShape(int height, int width, int depth_bins, int joints, bool upsample);
  [[nodiscard]] int out_height() const { return upsample ? 2 * height : height; }
  [[nodiscard]] int out_width() const { return upsample ? 2 * width : width; }
};

/// Sums of exp(logit - max) by column, row and depth bin, and scratch; for the kernel.
struct Marginals {
  float* x = nullptr;
  float* y = nullptr;
  float* z = nullptr;
  float* columns = nullptr;   ///< x in parts, [column][kChannelBlock].
  float* prepared = nullptr;  ///< One row of cells, [stored column][bin].
};

/// Floats of scratch that SoftArgmax needs.
std::size_t SoftArgmaxScratch(const HeatmapShape& shape);

/// Reads joint `joint` of `heatmaps`, logits [height, width, joints * depth_bins (padded)].
/// An upsampled volume is never stored: rows are interpolated, exponentiated and summed into the
/// three marginals. Interpolation does not exceed the stored maximum, which bounds the exponent.
/// If a logit is not finite, so is the mean. Thread-safe with a scratch of one's own.
JointEstimate SoftArgmax(const HeatmapShape& shape, const ConstPixels& heatmaps, int joint,
                         std::span<float> scratch);

}  // namespace cnp::engine
