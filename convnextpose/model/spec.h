// What a ConvNeXtPose network is made of, as data; and the four published variants.
// Source: "ConvNeXtPose", IEEE Access 2023, table of variants; checked against the published files.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::model {

inline constexpr int kStages = 4;           ///< Stages of the backbone.
inline constexpr int kStemStride = 4;       ///< Patch size of the stem; later stages halve.
inline constexpr int kBackboneStride = 32;  ///< Input pixels per cell of the backbone's output.
inline constexpr int kBlockKernel = 7;      ///< Depthwise kernel of every backbone block.
inline constexpr int kExpansion = 4;        ///< Hidden channels of a block, as a multiple of C.
inline constexpr double kBatchNormEpsilon = 1e-5;
inline constexpr double kMaxDropPath = 0.1;  ///< Stochastic depth of the last block, in training.

/// One layer of the head: depthwise kernel x kernel, pointwise to `channels`, and bilinear x2 if
/// `up`. Whether a layer upsamples is visible in no tensor: it follows from the variant.
struct HeadLayer {
  int channels = 0;
  int kernel = 3;
  bool up = false;
  bool operator==(const HeadLayer&) const = default;
};

/// Every number that makes one network differ from another. A plain value.
struct Spec {
  std::string name;                   ///< "XS", ..., or the user's name for a custom network.
  std::array<int, kStages> depths{};  ///< Blocks per stage.
  std::array<int, kStages> dims{};    ///< Channels per stage.
  std::vector<HeadLayer> head;
  int depth_bins = 0;  ///< D: cells of a heatmap along the camera's axis.
  int joints = 0;      ///< J.
  int input_height = 256;
  int input_width = 256;

  /// Cells of a heatmap along the picture's axes.
  [[nodiscard]] int heatmap_height() const { return input_height / kBackboneStride * upscale(); }
  [[nodiscard]] int heatmap_width() const { return input_width / kBackboneStride * upscale(); }
  /// Channels of the last layer: joint j's depth bin d is channel j * depth_bins + d.
  [[nodiscard]] int heatmap_channels() const { return joints * depth_bins; }

  bool operator==(const Spec&) const = default;

 private:
  [[nodiscard]] int upscale() const;
};

/// What is wrong with a specification that comes from outside, if anything: sizes that are not
/// positive, absurdly large, or an input that the backbone's stride does not divide.
Status Validate(const Spec& spec);

/// A published network and the errors its authors report on Human3.6M with ground-truth box and
/// root and the flip test, mm.
struct Variant {
  Spec spec;
  std::string backbone;  ///< The authors' name of the backbone.
  std::optional<double> protocol1_mm;
  std::optional<double> protocol2_mm;
};

/// XS, S, M, L.
std::span<const Variant> Variants();

/// By name, upper or lower case. Error: lists the known names.
Result<Spec> FindVariant(std::string_view name);

}  // namespace cnp::model
