// `convnextpose convert`: a checkpoint in any form -> safetensors or PyTorch.
#include "convnextpose/convert/convert.h"

#include <fmt/core.h>

#include "apps/cli/command.h"
#include "apps/cli/network_options.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose convert ConvNeXtPose_L.tar l.safetensors
      the network alone, with its configuration: the file explains itself
  convnextpose convert l.safetensors l.pth
      back, as the authors' training code saves it; torch.load opens it
  convnextpose convert mine.pth mine.safetensors --joints 17
      17 joints, where the tensors leave it open
What is written: docs/formats.md.)";

struct ConvertOptions {
  std::string in;
  std::string out;
  NetworkOptions network;
  std::string head = "modern";
};

int Run(const ConvertOptions& options) {
  const Result<convert::Options> network = options.network.Resolve();
  if (!network.ok()) {
    Fail(network.error());
    return kUsage;
  }
  const auto head =
      options.head == "legacy" ? convert::HeadForm::kLegacy : convert::HeadForm::kModern;
  const auto converted =
      convert::Convert(options.in, options.out, {.network = *network, .head = head});
  if (!converted.ok()) return Fail(converted.error());
  for (const std::string& warning : converted->warnings) Warn(options.in + ": " + warning);
  const std::string& name = converted->id.spec->name;
  fmt::print("{}: {}, {}\n", options.out, name, converted->form);
  return kSuccess;
}

}  // namespace

void AddConvert(CLI::App& root, Command& chosen) {
  CLI::App* command =
      root.add_subcommand("convert", "Write a checkpoint as .safetensors or PyTorch .pth");
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("IN", options->in, "Checkpoint, any form")->required();
  command->add_option("OUT", options->out, ".safetensors, or .pth, .pt, .tar for PyTorch")
      ->required();
  command
      ->add_option("--head", options->head,
                   "Names in a PyTorch file's head: modern (.dwconv, as the authors' code loads "
                   "strictly) or legacy (.0, as in the published M and L)")
      ->check(CLI::IsMember({"modern", "legacy"}))
      ->capture_default_str();
  options->network.Register(*command);
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli
