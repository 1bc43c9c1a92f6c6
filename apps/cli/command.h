// What the subcommands of `convnextpose` share: how they register, exit codes, errors.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>

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
void AddSynth(CLI::App& root, Command& chosen);

/// Prints "convnextpose: <message>" to stderr and returns kFailure.
int Fail(const Error& error);
/// The same for something the user should know while the work goes on.
void Warn(const std::string& message);

/// To standard output. What cannot be written is lost from then on, as FlushOutput tells; work goes
/// on all the same.
void Print(std::string_view text);
/// What was printed may still wait in a buffer: only now a full disk shows. No error: a reader who
/// has gone (`| head`), for it has what it wanted.
Status FlushOutput();
/// Whether a reader has gone.
bool ReaderIsGone();
/// Ends the program as all others end whose reader has gone: for work that has no other use.
[[noreturn]] void EndWithReader();

}  // namespace cnp::cli
