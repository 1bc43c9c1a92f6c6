// A Spec as JSON: the config.json of a custom network, and what converted files carry about
// themselves. Format: docs/formats.md.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "convnextpose/model/spec.h"

namespace cnp::model {

/// One line of JSON that ParseConfig reads back to the same Spec.
std::string ToConfig(const Spec& spec);

/// Errors name the field, what it holds and what it must hold; the result satisfies Validate.
/// {"name": "custom", "depths": [2,2,6,2], "dims": [40,80,160,320],
///  "head": [{"channels": 128, "kernel": 3, "up": true}, ...], "depth_bins": 32, "joints": 18,
///  "input": [256, 256]}     name, kernel and input may be left out.
Result<Spec> ParseConfig(std::string_view json);
Result<Spec> LoadConfig(const std::filesystem::path& path);

}  // namespace cnp::model
