// The front door: a checkpoint in any form (docs/formats.md) becomes a network that can run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/identify.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"

namespace cnp::convert {

/// A network with its weights. A value; reading from several threads is safe.
struct Network {
  model::Spec spec;
  model::Weights weights;  ///< float32, named and shaped as model::Tensors(model::Layers(spec)),
                           ///< without the counters. Finite; BatchNorm unfolded (fold.h).
  Identification id;
  std::string form;  ///< For people: "PyTorch zip archive, prefix module.".
  std::optional<std::int64_t> epoch;
  std::vector<std::string> warnings;  ///< One line each: a wrong label, layers of zeros, ...
};

/// Reads a file or an unpacked folder. Errors, one line with the cure: whatever the reader refuses,
/// tensors that fit no network or not the one asked for, missing or mis-sized layers, weights that
/// are not finite. Safe to call from several threads.
Result<Network> LoadNetwork(const std::filesystem::path& path, const Options& options = {});

}  // namespace cnp::convert
