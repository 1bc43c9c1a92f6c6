// joints.json: where the joints of pose::Human36m() lie in a rigged person.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/synth/body.h"

namespace cnp::synth {

/// The rules of `table` for the avatar of that name, resolved to bones and offsets. `file` stands
/// in messages. Reads any text safely.
Result<std::vector<std::vector<JointTerm>>> ParseJointRules(std::string_view json,
                                                            const std::string& file,
                                                            const std::string& table,
                                                            const std::string& avatar,
                                                            const std::vector<Bone>& bones);

}  // namespace cnp::synth
