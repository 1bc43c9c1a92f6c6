#include <nlohmann/json.hpp>

#include "apps/cli/inspect_report.h"
#include "convnextpose/model/config.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string ContainerName(checkpoint::Container container) {
  switch (container) {
    case checkpoint::Container::kTorchZip:
      return "torch-zip";
    case checkpoint::Container::kTorchFolder:
      return "torch-folder";
    case checkpoint::Container::kTorchLegacy:
      return "torch-legacy";
    case checkpoint::Container::kSafetensors:
      return "safetensors";
  }
  return "unknown";
}

Json SizesJson(const convert::Sizes& sizes) {
  Json head = Json::array();
  for (const auto& layer : sizes.head) {
    head.push_back({{"channels", layer.channels}, {"kernel", layer.kernel}});
  }
  return {{"depths", sizes.depths},
          {"dims", sizes.dims},
          {"head", head},
          {"heatmap_channels", sizes.heatmap_channels}};
}

Json ProblemsJson(const std::vector<convert::Problem>& problems) {
  Json json = Json::array();
  for (const convert::Problem& problem : problems) {
    json.push_back({{"where", problem.where},
                    {"what", problem.what},
                    {"cure", problem.cure},
                    {"fatal", problem.fatal}});
  }
  return json;
}

Json TensorsJson(const std::vector<TensorReport>& tensors) {
  Json json = Json::array();
  for (const TensorReport& tensor : tensors) {
    Json entry = {{"name", tensor.name},
                  {"key", tensor.key},
                  {"dtype", tensor.dtype},
                  {"shape", tensor.shape}};
    if (const auto& values = tensor.values) {
      entry["min"] = values->min;
      entry["max"] = values->max;
      entry["non_zero"] = values->non_zero;
      entry["not_finite"] = values->not_finite;
    }
    json.push_back(std::move(entry));
  }
  return json;
}

Json LayersJson(const std::vector<model::Layer>& layers) {
  Json json = Json::array();
  for (const model::Layer& layer : layers) {
    json.push_back({{"name", layer.name},
                    {"kind", model::Name(layer.kind)},
                    {"kernel", layer.kernel},
                    {"out", {layer.out.height, layer.out.width, layer.out.channels}},
                    {"parameters", model::Parameters(layer).trainable},
                    {"macs", model::Macs(layer)}});
  }
  return json;
}

Json IdentityJson(const convert::Identification& id) {
  Json json = {{"variant", id.variant.empty() ? Json() : Json(id.variant)},
               {"config", id.spec ? Json::parse(model::ToConfig(*id.spec)) : Json()},
               {"sizes", SizesJson(id.sizes)},
               {"nearest", id.nearest.name},
               {"notes", id.notes},
               {"claim", nullptr},
               {"agrees", id.agrees()}};
  if (id.claim) {
    json["claim"] = {
        {"variant", id.claim->variant}, {"reason", id.claim->reason}, {"label", id.claim->label}};
  }
  return json;
}

}  // namespace

std::string ToJson(const InspectReport& report) {
  const convert::Examination& exam = report.exam;
  Json json = {{"schema", "convnextpose-inspect/1"},
               {"file", report.path},
               {"bytes", exam.file.file_bytes},
               {"container",
                {{"kind", ContainerName(exam.file.container)},
                 {"form", exam.file.form},
                 {"root", exam.file.root},
                 {"state_dict_key", exam.file.state_dict_key}}},
               {"key_styles", exam.keys.styles},
               {"epoch", exam.epoch ? Json(*exam.epoch) : Json()},
               {"optimizer",
                {{"bytes", exam.file.optimizer_bytes}, {"tensors", exam.file.optimizer_tensors}}},
               {"metadata", exam.file.metadata},
               {"identity", IdentityJson(exam.id)},
               {"parameters", nullptr},
               {"macs", nullptr},
               {"loads", report.loads()},
               {"obstacle", report.obstacle},
               {"problems", ProblemsJson(exam.problems)},
               {"warnings", report.warnings},
               {"layers", LayersJson(report.layers)},
               {"tensors", TensorsJson(report.tensors)}};
  if (!report.layers.empty()) {
    const model::ParameterCount count = model::Parameters(report.layers);
    json["parameters"] = {{"trainable", count.trainable}, {"with_buffers", count.with_buffers}};
    json["macs"] = model::Macs(report.layers);
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cnp::cli
