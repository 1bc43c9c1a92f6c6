// What the authors report of their networks, and under which conditions: "ConvNeXtPose", IEEE
// Access 2023, Human3.6M. Nothing else is expected of anything.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/eval/result.h"

namespace cnp::eval {

struct Expected {
  std::string_view variant;
  int protocol = 0;         ///< Of Human3.6M.
  std::string_view metric;  ///< In kMetrics: protocol 1 is reported after a rigid alignment.
  double mm = 0;
};

inline constexpr std::string_view kExpectedSource = "ConvNeXtPose, IEEE Access 2023";
inline constexpr std::string_view kExpectedConditions =
    "Human3.6M, every 64th frame, ground-truth boxes, root depths and intrinsics, flip test";

/// The whole table.
std::span<const Expected> ExpectedTable();

/// The row for this variant, dataset and protocol.
std::optional<Expected> FindExpected(const Evaluation& evaluation);

/// In which conditions an evaluation differs from the authors', or may: "flip test off", "flip test
/// not known". Precondition: FindExpected has a row.
std::vector<std::string> Deviations(const Evaluation& evaluation);

}  // namespace cnp::eval
