// convnextpose: the command-line program. Each subcommand is one file of this folder.
#include <unistd.h>

#include <csignal>
#include <exception>

#include "apps/cli/command.h"
#include "convnextpose/base/file.h"

#ifndef CNP_VERSION
#error "the build defines CNP_VERSION"
#endif

namespace {

// Ctrl-C and kill: remove what is half written, then die of the signal as the shell expects.
void OnSignal(int signal) {
  cnp::RemoveUnfinishedFiles();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// Wrong usage in one line, as every other error.
std::string UsageMessage(const CLI::App* app, const CLI::Error& error) {
  std::string command = app->get_name();
  for (const CLI::App* chosen : app->get_subcommands()) command += " " + chosen->get_name();
  return std::string("convnextpose: ") + error.what() + "; see " + command + " --help\n";
}

int AfterOutput(int code) {
  const cnp::Status flushed = cnp::cli::FlushOutput();
  return flushed.ok() || code != cnp::cli::kSuccess ? code : cnp::cli::Fail(flushed.error());
}

int Run(int argc, char** argv) {
  CLI::App app{"ConvNeXtPose: from a picture to metric 3-D people.", "convnextpose"};
  app.set_version_flag("--version", "convnextpose " CNP_VERSION);
  app.require_subcommand(1);
  app.failure_message(UsageMessage);
  app.footer(
      "Examples:\n"
      "  convnextpose predict --weights ConvNeXtPose_XS.tar photo.jpg -o out\n"
      "  convnextpose inspect ConvNeXtPose_L.tar\n"
      "  convnextpose convert ConvNeXtPose_L.tar l.safetensors\n"
      "  convnextpose bench\n"
      "  convnextpose SUBCOMMAND --help");
  cnp::cli::Command command;
  cnp::cli::AddPredict(app, command);
  cnp::cli::AddInspect(app, command);
  cnp::cli::AddVariants(app, command);
  cnp::cli::AddConvert(app, command);
  cnp::cli::AddBench(app, command);
  cnp::cli::AddDataset(app, command);
  cnp::cli::AddEval(app, command);
  cnp::cli::AddCompare(app, command);
  cnp::cli::AddSynth(app, command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? AfterOutput(cnp::cli::kSuccess) : cnp::cli::kUsage;
  }
  return AfterOutput(command.run());
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
  // Writing then fails with an error that names the file.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return Run(argc, argv);
  } catch (const std::exception& error) {
    return cnp::cli::Fail({std::string("internal error: ") + error.what() + "; please report it"});
  }
}
