// The sizes of a network as the shapes of its tensors show them, before anyone says which it is.
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/checkpoint/tensor.h"
#include "convnextpose/model/spec.h"

namespace cnp::convert {

/// 0 where no tensor tells. Upsampling and the split of heatmap_channels are in no tensor.
struct Sizes {
  struct HeadLayer {
    int channels = 0;
    int kernel = 0;
    bool operator==(const HeadLayer&) const = default;
  };
  std::array<int, model::kStages> depths{};
  std::array<int, model::kStages> dims{};
  std::vector<HeadLayer> head;
  int heatmap_channels = 0;  ///< Joints x depth bins.

  bool operator==(const Sizes&) const = default;
};

/// From tensors with the names of model::Tensors (keys.h). Blocks count up to the last one present;
/// a gap before it is for Compare (validate.h) to find. Tensors of odd rank are passed over.
Sizes ReadSizes(std::span<const checkpoint::Tensor> tensors);

/// The sizes that a network of `spec` has.
Sizes SizesOf(const model::Spec& spec);

/// Where the two differ, in words, one entry a number: "dims 40,80,160,320, not 48,96,192,384".
/// The file's side comes first.
std::vector<std::string> Differences(const Sizes& file, const Sizes& other);

/// "dims 48,96,192,384; 3,3,9,3 blocks; head 256,256,256; final_layer 1152".
std::string Describe(const Sizes& sizes);

}  // namespace cnp::convert
