// lights.json: the light of each panorama in a folder of backgrounds.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp::synth {

using Light = std::array<std::array<float, 3>, 9>;  ///< As in Background::light.

/// By the picture's file name; `file` stands in messages. Reads any text safely.
Result<std::map<std::string, Light>> ParseLights(std::string_view json, const std::string& file);

}  // namespace cnp::synth
