// An evaluation as a terminal shows it.
#pragma once

#include <cstddef>
#include <string>

#include "convnextpose/eval/result.h"

namespace cnp::cli {

/// What was evaluated and how, the errors with their intervals, and by action (3-D) or by joint.
/// `resumed`: people that an earlier run had done.
std::string EvaluationText(const eval::Evaluation& evaluation, std::size_t resumed);

}  // namespace cnp::cli
