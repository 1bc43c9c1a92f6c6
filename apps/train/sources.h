// What a run trains on and is judged by, opened.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/train/options.h"
#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::synth {
class Generator;
}  // namespace cnp::synth

namespace cnp::train_app {

/// A dataset as "KIND:DIR" or "KIND/PROTOCOL:DIR" names it. Errors: another text, what the reader
/// says, no sample at all. `what` is the option's name.
Result<datasets::Dataset> OpenNamed(const std::string& what, const std::string& text,
                                    datasets::Split split, int subsample);

/// Those of --data, their training pictures.
Result<std::vector<datasets::Dataset>> OpenSets(const TrainOptions& options);

/// Null without --synth. Errors: those of the assets' folders.
Result<std::shared_ptr<const synth::Generator>> OpenGenerator(const TrainOptions& options);

}  // namespace cnp::train_app
