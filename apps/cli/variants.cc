// `convnextpose variants`: the table of known networks, and of any that a config.json describes.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/cli/command.h"
#include "apps/cli/terminal.h"
#include "convnextpose/convert/text.h"
#include "convnextpose/model/config.h"
#include "convnextpose/model/layers.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;
using model::Variant;

constexpr const char* kSource =
    "MPJPE: the authors' error on Human3.6M in mm, with ground-truth box and root depth and flip "
    "test\n(\"ConvNeXtPose\", IEEE Access 2023), protocol 1 / 2. Not measured here.";

struct VariantsOptions {
  std::vector<std::string> configs;
  bool json = false;
};

std::string HeadText(const model::Spec& spec) {
  std::vector<std::string> layers;
  for (const model::HeadLayer& layer : spec.head) {
    const bool usual = layer.kernel == 3;
    layers.push_back(std::to_string(layer.channels) +
                     (usual ? "" : fmt::format(" ({0}x{0})", layer.kernel)));
  }
  return convert::Join(layers, ",");
}

std::string UpText(const model::Spec& spec) {
  std::vector<std::string> layers;
  for (const model::HeadLayer& layer : spec.head) layers.emplace_back(layer.up ? "x2" : "-");
  return convert::Join(layers, " ");
}

std::string ErrorText(const std::optional<double>& mm) {
  return mm ? fmt::format("{:g}", *mm) : "-";
}

std::vector<std::string> Row(const Variant& variant) {
  const model::Spec& spec = variant.spec;
  const auto layers = model::Layers(spec);
  const auto count = model::Parameters(layers);
  return {spec.name,
          variant.backbone,
          convert::NumberList(spec.depths),
          convert::NumberList(spec.dims),
          HeadText(spec),
          UpText(spec),
          fmt::format("{}x{}x{}", spec.heatmap_width(), spec.heatmap_height(), spec.depth_bins),
          std::to_string(spec.joints),
          Thousands(count.trainable),
          fmt::format("{:.3f}", static_cast<double>(model::Macs(layers)) * 1e-9),
          ErrorText(variant.protocol1_mm) + " / " + ErrorText(variant.protocol2_mm)};
}

Json ToJson(const Variant& variant) {
  const model::Spec& spec = variant.spec;
  const auto layers = model::Layers(spec);
  const auto count = model::Parameters(layers);
  const auto error = [](const std::optional<double>& mm) { return mm ? Json(*mm) : Json(); };
  return {
      {"config", Json::parse(model::ToConfig(spec))},
      {"backbone", variant.backbone},
      {"heatmap", {spec.heatmap_width(), spec.heatmap_height(), spec.depth_bins}},
      {"parameters", {{"trainable", count.trainable}, {"with_buffers", count.with_buffers}}},
      {"macs", model::Macs(layers)},
      {"published_mpjpe_mm",
       {{"protocol1", error(variant.protocol1_mm)}, {"protocol2", error(variant.protocol2_mm)}}}};
}

int Run(const VariantsOptions& options) {
  std::vector<Variant> variants(model::Variants().begin(), model::Variants().end());
  int code = kSuccess;
  for (const std::string& path : options.configs) {
    const auto spec = model::LoadConfig(path);
    if (spec.ok()) {
      variants.push_back({.spec = *spec, .backbone = "-"});
    } else {
      code = Fail(spec.error());
    }
  }
  if (options.json) {
    Json json = Json::array();
    for (const Variant& variant : variants) json.push_back(ToJson(variant));
    Print(json.dump(1) + "\n");
    return code;
  }
  Table table({"variant", "backbone", "depths", "dims", "head", "upsampling", ">heatmap", ">joints",
               ">parameters", ">GMAC", ">MPJPE 1 / 2"});
  for (const Variant& variant : variants) table.Add(Row(variant));
  Print(fmt::format("{}\n{}\n", table.Text(), Paint(Colour::kDim, kSource)));
  return code;
}

}  // namespace

void AddVariants(CLI::App& root, Command& chosen) {
  CLI::App* command = root.add_subcommand("variants", "The known networks and their sizes");
  auto options = std::make_shared<VariantsOptions>();
  command->add_option("CONFIG", options->configs, "config.json of other networks");
  command->add_flag("--json", options->json, "For machines");
  command->footer(
      "Examples:\n"
      "  convnextpose variants\n"
      "  convnextpose variants my_network.json\n"
      "  convnextpose variants --json | jq '.[].parameters.trainable'");
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli
