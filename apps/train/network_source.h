// Which network is trained, and from which weights.
#pragma once

#include <optional>

#include "apps/train/options.h"
#include "convnextpose/base/result.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"

namespace cnp::train_app {

struct NetworkSource {
  model::Spec spec;
  std::optional<model::Weights> weights;  ///< Nothing: to be drawn.
};

/// --variant and --init, for an input of that size. Errors: an unknown variant, weights that do not
/// load or are of another network, joints that are not Human3.6M's.
Result<NetworkSource> OpenNetwork(const TrainOptions& options, int input);

/// The same network for pictures of another size.
model::Spec WithInput(model::Spec spec, int input);

}  // namespace cnp::train_app
