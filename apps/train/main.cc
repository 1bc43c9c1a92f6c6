// convnextpose-train: networks from labelled pictures and rendered people.
#include <fmt/core.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "apps/train/options.h"
#include "apps/train/run.h"
#include "convnextpose/base/file.h"
#include "convnextpose/train/tensor_memory.h"

#ifndef CNP_VERSION
#error "the build defines CNP_VERSION"
#endif

namespace {

using cnp::train_app::Ending;
using cnp::train_app::TrainOptions;

enum ExitCode { kDone = 0, kFailure = 1, kUsage = 2, kStopped = 3 };

std::atomic<bool> stop{false};

// The first Ctrl-C saves and ends, the second ends.
void OnSignal(int signal) {
  if (!stop.exchange(true)) return;
  cnp::RemoveUnfinishedFiles();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

int Fail(const std::string& message, ExitCode code) {
  fmt::print(stderr, "convnextpose-train: {}\n", message);
  return code;
}

// What --out says, before anything is parsed.
std::string FolderOf(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if ((argument == "--out" || argument == "-o") && i + 1 < arguments.size()) {
      return arguments[i + 1];
    }
    if (argument.starts_with("--out=")) return argument.substr(6);
  }
  return "";
}

// A run that is continued has its options from its folder, but for those that are given again.
void AddConfig(std::vector<std::string>& arguments) {
  bool continued = false;
  for (const std::string& argument : arguments) {
    if (argument == "--config" || argument.starts_with("--config=")) return;
    continued = continued || argument == "--continue";
  }
  const std::filesystem::path config = std::filesystem::path(FolderOf(arguments)) / "config.toml";
  std::error_code error;
  if (!continued || !std::filesystem::exists(config, error)) return;
  arguments.insert(arguments.begin(), {"--config", config.string()});
}

std::string UsageMessage(const CLI::App* /*app*/, const CLI::Error& error) {
  return std::string("convnextpose-train: ") + error.what() + "; see convnextpose-train --help\n";
}

int Train(int argc, char** argv) {
  CLI::App app{"Trains ConvNeXtPose: labelled pictures and rendered people in, weights out.",
               "convnextpose-train"};
  app.set_version_flag("--version", "convnextpose-train " CNP_VERSION);
  app.failure_message(UsageMessage);
  TrainOptions options;
  Register(app, options);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  AddConfig(arguments);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  // An empty list in a configuration file reads as one of an empty text.
  std::erase(options.data, "");
  std::erase(options.validate, "");
  const std::string config = app.config_to_str(true, true);
  if (options.print_config) {
    fmt::print("{}", config);
    return kDone;
  }
  if (const cnp::Status status = Check(options); !status.ok()) {
    return Fail(status.error().message, kUsage);
  }
  const cnp::Result<Ending> ending = Run(options, config, stop);
  if (!ending.ok()) return Fail(ending.error().message, kFailure);
  return *ending == Ending::kDone ? kDone : kStopped;
}

}  // namespace

int main(int argc, char** argv) {
  cnp::train::KeepTensorMemory();
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return Train(argc, argv);
  } catch (const std::exception& error) {
    return Fail(std::string("internal error: ") + error.what() + "; please report it", kFailure);
  }
}
