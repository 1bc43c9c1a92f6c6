#include "apps/cli/command.h"

#include <fmt/core.h>

#include <cstdio>

namespace cnp::cli {

int Fail(const Error& error) {
  fmt::print(stderr, "convnextpose: {}\n", error.message);
  return kFailure;
}

void Warn(const std::string& message) { fmt::print(stderr, "convnextpose: {}\n", message); }

}  // namespace cnp::cli
