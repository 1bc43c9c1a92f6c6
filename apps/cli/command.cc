#include "apps/cli/command.h"

#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

std::atomic<int> output_error{0};  // Why standard output was lost.

}  // namespace

int Fail(const Error& error) {
  fmt::print(stderr, "convnextpose: {}\n", error.message);
  return kFailure;
}

void Warn(const std::string& message) { fmt::print(stderr, "convnextpose: {}\n", message); }

void Print(std::string_view text) {
  if (output_error != 0) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) output_error = errno;
}

Status FlushOutput() {
  if (output_error == 0 && std::fflush(stdout) != 0) output_error = errno;
  if (output_error == 0 || ReaderIsGone()) return {};
  return Error{"standard output: cannot write; is the disk full?"};
}

bool ReaderIsGone() { return output_error == EPIPE; }

void EndWithReader() {
  RemoveUnfinishedFiles();
  std::signal(SIGPIPE, SIG_DFL);
  std::raise(SIGPIPE);
  std::_Exit(kFailure);  // The signal is blocked.
}

}  // namespace cnp::cli
