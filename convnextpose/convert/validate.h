// Holds the tensors of a checkpoint against the network they should be: strictly, and told by
// layer, not by the hundred. Source: shared spec 2-checkpoints.md, "What goes wrong".
#pragma once

#include <span>
#include <string>
#include <vector>

#include "convnextpose/checkpoint/tensor.h"
#include "convnextpose/model/spec.h"

namespace cnp::convert {

/// One thing that stands in the way of loading, or that is passed over.
struct Problem {
  std::string where;  ///< "backbone.stages.2.9 .. 26".
  std::string what;   ///< "18 blocks missing: the file has 9 in stage 2, the network 27".
  std::string cure;
  bool fatal = true;  ///< False: the network loads without.

  [[nodiscard]] std::string Text() const { return where + ": " + what + "; " + cure; }
};

/// Missing, mis-sized, unexpected and non-float tensors, in the network's order; adjacent blocks
/// with the same trouble are one entry. Empty: loads strictly. A missing num_batches_tracked is no
/// trouble: inference does not use it. `tensors` carry the names of model::Tensors (keys.h).
std::vector<Problem> Compare(std::span<const checkpoint::Tensor> tensors, const model::Spec& spec);

}  // namespace cnp::convert
