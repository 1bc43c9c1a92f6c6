// `convnextpose inspect`: the truth about checkpoints.
#include <fmt/core.h>

#include "apps/cli/command.h"
#include "apps/cli/inspect_report.h"
#include "apps/cli/network_options.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose inspect ConvNeXtPose_L.tar
      what it is, whether its name is right, whether it loads and if not, why
  convnextpose inspect *.tar *.safetensors
      a table
  convnextpose inspect --layers xs.pth
      parameters and multiply-adds by layer
  convnextpose inspect mine.pth --variant mine.json
      the difference to a network of your own
  convnextpose inspect --json xs.pth | jq .identity.variant
Exit code: 0 all load, 1 one does not, 2 wrong usage.)";

struct InspectOptions {
  std::vector<std::string> files;
  NetworkOptions network;
  InspectView view;
  bool json = false;
};

void PrintReports(const std::vector<InspectReport>& reports, const InspectOptions& options) {
  const bool many = options.files.size() > 1;
  if (options.json) {
    if (many) Print("[");
    for (std::size_t i = 0; i < reports.size(); ++i) {
      Print(fmt::format("{}{}\n", i == 0 ? "" : ",", ToJson(reports[i])));
    }
    if (many) Print("]\n");
  } else if (many && !options.view.layers && !options.view.tensors) {
    Print(ToTable(reports));
  } else {
    for (std::size_t i = 0; i < reports.size(); ++i) {
      Print(fmt::format("{}{}", i == 0 ? "" : "\n", ToText(reports[i], options.view)));
    }
  }
}

int Run(const InspectOptions& options) {
  const Result<convert::Options> network = options.network.Resolve();
  if (!network.ok()) {
    Fail(network.error());
    return kUsage;
  }
  int code = kSuccess;
  std::vector<InspectReport> reports;
  for (const std::string& file : options.files) {
    Result<InspectReport> report = Inspect(file, *network);
    if (!report.ok()) {
      code = Fail(report.error());
      continue;
    }
    if (!report->loads()) code = kFailure;
    reports.push_back(std::move(report).value());
  }
  if (!reports.empty() || options.json) PrintReports(reports, options);
  return code;
}

}  // namespace

void AddInspect(CLI::App& root, Command& chosen) {
  CLI::App* command = root.add_subcommand("inspect", "What a checkpoint is, and whether it loads");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("FILE", options->files, "Checkpoints, any form; or unpacked folders")
      ->required();
  command->add_flag("--layers", options->view.layers, "Parameters and multiply-adds by layer");
  command->add_flag("--tensors", options->view.tensors, "Every tensor");
  command->add_flag("--json", options->json, "For machines: everything");
  options->network.Register(*command);
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli
