// The closed list of Python names that a checkpoint may mention.
#pragma once

#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp::checkpoint {

/// What stands for a name: one spelling for Python 2 and 3 and every numpy,
/// "builtins.set", "collections.OrderedDict", "torch.FloatStorage", "numpy.scalar", ...
/// The text lives for ever. Errors: not on the list; names it and the cure.
Result<std::string_view> FindGlobal(std::string_view module, std::string_view name);

}  // namespace cnp::checkpoint
