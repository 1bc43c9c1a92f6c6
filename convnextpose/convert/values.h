// Looks at the numbers in a network's weights: none may be unusable.
#pragma once

#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/model/weights.h"

namespace cnp::convert {

/// Error: NaN or infinite values, a negative running variance; names tensor, place and count.
Status CheckValues(const model::Weights& weights);

/// The tensors that hold nothing but zeros though a trained network's would not: weights and
/// running variances. Names.
std::vector<std::string> ZeroTensors(const model::Weights& weights);

}  // namespace cnp::convert
