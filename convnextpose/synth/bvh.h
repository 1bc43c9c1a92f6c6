// The text of BVH files -> motions.
#pragma once

#include <string>
#include <string_view>

#include "convnextpose/base/result.h"
#include "convnextpose/synth/motion.h"

namespace cnp::synth {

/// See ReadBvh; `name` stands in messages, and the motion has it. Reads any text safely.
Result<Motion> ParseBvh(std::string_view text, const std::string& name);

}  // namespace cnp::synth
