// What the parts of `convnextpose dataset` offer each other.
#pragma once

#include <CLI/CLI.hpp>

#include "apps/cli/command.h"

namespace cnp::cli {

/// Each registers one subcommand of `dataset`.
void AddDatasetCheck(CLI::App& dataset, Command& chosen);
void AddDatasetShow(CLI::App& dataset, Command& chosen);
void AddDatasetSample(CLI::App& dataset, Command& chosen);

}  // namespace cnp::cli
