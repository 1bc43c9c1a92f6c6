// --variant, --up and --joints: what a user may say about a checkpoint.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/identify.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::cli {

struct NetworkOptions {
  std::string variant;  ///< "XS" ... "L" or the path of a config.json; empty: from the tensors.
  std::optional<int> up;
  std::optional<int> joints;

  void Register(CLI::App& command);
  /// Errors: an unknown variant, a configuration that does not parse.
  [[nodiscard]] Result<convert::Options> Resolve() const;
};

/// --joint-set: the set of that name, or the one of so many joints if `name` is empty. Errors: an
/// unknown name, a set of another size, no or several sets of that size.
Result<const pose::JointSet*> JointSetOf(const std::string& name, int joints);

}  // namespace cnp::cli
