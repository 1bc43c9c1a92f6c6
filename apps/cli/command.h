// What the subcommands of `convnextpose` share: how they register, exit codes, errors.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "convnextpose/base/result.h"

namespace cnp::cli {

enum ExitCode { kSuccess = 0, kFailure = 1, kUsage = 2 };

/// The subcommand that the command line chose. Parsing sets it; main runs it afterwards, so that no
/// error of a run is taken for one of usage.
struct Command {
  std::function<int()> run;  ///< Returns an ExitCode.
};

/// Each registers one subcommand, with examples in its help, and sets `chosen` when it is named.
void AddPredict(CLI::App& root, Command& chosen);
void AddInspect(CLI::App& root, Command& chosen);
void AddVariants(CLI::App& root, Command& chosen);
void AddConvert(CLI::App& root, Command& chosen);
void AddBench(CLI::App& root, Command& chosen);
void AddDataset(CLI::App& root, Command& chosen);
void AddEval(CLI::App& root, Command& chosen);
void AddCompare(CLI::App& root, Command& chosen);

/// Prints "convnextpose: <message>" to stderr and returns kFailure.
int Fail(const Error& error);
/// The same for something the user should know while the work goes on.
void Warn(const std::string& message);

}  // namespace cnp::cli
