// --variant, --up and --joints: what a user may say about a checkpoint.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/identify.h"

namespace cnp::cli {

struct NetworkOptions {
  std::string variant;  ///< "XS" ... "L" or the path of a config.json; empty: from the tensors.
  std::optional<int> up;
  std::optional<int> joints;

  void Register(CLI::App& command);
  /// Errors: an unknown variant, a configuration that does not parse.
  [[nodiscard]] Result<convert::Options> Resolve() const;
};

}  // namespace cnp::cli
