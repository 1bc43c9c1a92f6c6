// `convnextpose convert`: a checkpoint in any form -> safetensors, PyTorch or ONNX.
#include "convnextpose/convert/convert.h"

#include <fmt/core.h>

#include <filesystem>

#include "apps/cli/command.h"
#include "apps/cli/network_options.h"
#include "convnextpose/onnx/export.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose convert ConvNeXtPose_L.tar l.safetensors
      the network alone, with its configuration: the file explains itself
  convnextpose convert l.safetensors l.pth
      back, as the authors' training code saves it; torch.load opens it
  convnextpose convert mine.pth mine.safetensors --joints 17
      17 joints, where the tensors leave it open
  convnextpose convert run/snapshot_70.safetensors small.safetensors --half
      half the size, for a product
  convnextpose convert ConvNeXtPose_L.tar l.onnx
      for ONNX Runtime and others: "picture" [batch, 3, 256, 256] -> "coordinates" [batch, 18, 3]
  convnextpose convert ConvNeXtPose_L.tar l.onnx --heatmap
      the same up to the heatmaps: "heatmap" [batch, 18, 64, 64, 64], to decode them yourself
What is written: docs/formats.md.)";

struct ConvertOptions {
  std::string in;
  std::string out;
  NetworkOptions network;
  std::string head = "modern";
  bool heatmap = false;
  bool half = false;
};

bool IsOnnx(const ConvertOptions& options) {
  return std::filesystem::path(options.out).extension() == ".onnx";
}

Result<convert::Converted> Write(const ConvertOptions& options, const convert::Options& network) {
  if (IsOnnx(options)) {
    return onnx::Export(options.in, options.out, {.network = network, .heatmap = options.heatmap});
  }
  const auto head =
      options.head == "legacy" ? convert::HeadForm::kLegacy : convert::HeadForm::kModern;
  return convert::Convert(options.in, options.out,
                          {.network = network, .head = head, .half = options.half});
}

int Run(const ConvertOptions& options) {
  const Result<convert::Options> network = options.network.Resolve();
  if (!network.ok()) {
    Fail(network.error());
    return kUsage;
  }
  if (options.heatmap && !IsOnnx(options)) {
    Fail({options.out + ": --heatmap is for ONNX only; name the output .onnx or leave it out"});
    return kUsage;
  }
  if (options.half && IsOnnx(options)) {
    Fail({options.out + ": --half is not for ONNX; leave it out"});
    return kUsage;
  }
  const auto converted = Write(options, *network);
  if (!converted.ok()) return Fail(converted.error());
  for (const std::string& warning : converted->warnings) Warn(options.in + ": " + warning);
  const std::string& name = converted->id.spec->name;
  Print(fmt::format("{}: {}, {}\n", options.out, name, converted->form));
  return kSuccess;
}

}  // namespace

void AddConvert(CLI::App& root, Command& chosen) {
  CLI::App* command =
      root.add_subcommand("convert", "Write a checkpoint as .safetensors, PyTorch .pth or .onnx");
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("IN", options->in, "Checkpoint, any form")->required();
  command->add_option("OUT", options->out, ".safetensors; .pth, .pt or .tar for PyTorch; or .onnx")
      ->required();
  command
      ->add_option("--head", options->head,
                   "Names in a PyTorch file's head: modern (.dwconv, as the authors' code loads "
                   "strictly) or legacy (.0, as in the published M and L)")
      ->check(CLI::IsMember({"modern", "legacy"}))
      ->capture_default_str();
  command->add_flag("--heatmap", options->heatmap,
                    "ONNX: end in the heatmaps' logits instead of the joints' coordinates");
  command->add_flag("--half", options->half,
                    "Convolutions' weights as float16, for half the size; not for ONNX");
  options->network.Register(*command);
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli
