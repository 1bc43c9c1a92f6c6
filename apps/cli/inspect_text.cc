#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "apps/cli/inspect_report.h"
#include "apps/cli/terminal.h"
#include "convnextpose/convert/text.h"

namespace cnp::cli {
namespace {

using convert::Identification;
using convert::Join;

constexpr std::size_t kProblemsShown = 16;

/// A folder's name may be given with a slash at its end.
std::string FileName(const std::filesystem::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string Megabytes(const InspectReport& report) {
  return Bytes(static_cast<double>(report.exam.file.file_bytes));
}

std::string GigaMacs(const std::vector<model::Layer>& layers) {
  return fmt::format("{:.3f}", static_cast<double>(model::Macs(layers)) * 1e-9);
}

/// "XS", or a custom network's name.
std::string NetworkName(const Identification& id) {
  if (!id.spec) return "?";
  return id.variant.empty() ? id.spec->name : id.variant;
}

std::string OptimizerText(const checkpoint::Checkpoint& file) {
  if (file.optimizer_tensors == 0) return "none";
  return fmt::format("{}, {} tensors; not needed to run, `convert` leaves it out",
                     Bytes(static_cast<double>(file.optimizer_bytes)), file.optimizer_tensors);
}

std::string ParametersText(const InspectReport& report) {
  if (report.layers.empty()) {
    std::int64_t numbers = 0;
    for (const GroupReport& group : report.groups) numbers += group.parameters;
    return Thousands(numbers) + " in the file";
  }
  const model::ParameterCount count = model::Parameters(report.layers);
  return fmt::format("{} trainable, {} with buffers; {} GMAC", Thousands(count.trainable),
                     Thousands(count.with_buffers), GigaMacs(report.layers));
}

std::string NetworkText(const InspectReport& report) {
  const Identification& id = report.exam.id;
  if (!id.spec) return "fits none: " + convert::Describe(id.sizes);
  return fmt::format("{}: {}x{} picture, {} joints, {}x{}x{} heatmap", NetworkName(id),
                     id.spec->input_width, id.spec->input_height, id.spec->joints,
                     id.spec->heatmap_width(), id.spec->heatmap_height(), id.spec->depth_bins);
}

std::string NameText(const Identification& id) {
  if (!id.claim) return "claims nothing";
  const bool hint = !id.claim->label;
  if (id.agrees()) return id.claim->reason + (hint ? ": agrees" : ", and so it is");
  if (hint) return Paint(Colour::kYellow, id.claim->reason + ", a hint only");
  return Paint(Colour::kRed, id.claim->reason + (id.spec ? ", it is " + NetworkName(id) : ""));
}

std::string Facts(const InspectReport& report) {
  const checkpoint::Checkpoint& file = report.exam.file;
  std::string text;
  const auto line = [&](const char* what, const std::string& value) {
    text += fmt::format("  {} {}\n", Paint(Colour::kDim, fmt::format("{:<11}", what)), value);
  };
  line("container", file.form);
  line("keys",
       report.exam.keys.styles.empty() ? "as in the network" : Join(report.exam.keys.styles));
  line("epoch", report.exam.epoch ? std::to_string(*report.exam.epoch) : "not stored");
  line("optimizer", OptimizerText(file));
  line("network", NetworkText(report));
  line("parameters", ParametersText(report));
  line("name", NameText(report.exam.id));
  return text;
}

std::string Percent(const ValueRange& values) {
  if (values.count == 0) return "";
  return fmt::format(
      "{:.1f} %", 100.0 * static_cast<double>(values.non_zero) / static_cast<double>(values.count));
}

std::string RangeText(const ValueRange& values) {
  if (values.count == 0) return "";
  std::string text = fmt::format("{:.2g} .. {:.2g}", values.min, values.max);
  if (values.not_finite > 0) text += fmt::format(", {} not finite", values.not_finite);
  return text;
}

std::string ChannelsText(const GroupReport& group) {
  if (group.out == 0) return "";
  if (group.blocks > 0) return std::to_string(group.out);
  return fmt::format("{} > {}", group.in, group.out);
}

/// Whether a layer of the head upsamples, which is the variant's to tell.
std::string UpText(const InspectReport& report, const std::string& group) {
  const std::string upsample = group + ".up";
  for (const model::Layer& layer : report.layers) {
    if (layer.name == upsample) return "x2";
  }
  return "";
}

std::string GroupTable(const InspectReport& report) {
  Table table(
      {"layer", ">kernel", ">channels", "up", ">parameters", "weights' range", ">non-zero"});
  for (const GroupReport& group : report.groups) {
    const char* plural = group.blocks > 1 ? "s" : "";
    const std::string blocks =
        group.blocks > 0 ? fmt::format(", {} block{}", group.blocks, plural) : "";
    table.Add({group.name + blocks, group.kernel > 0 ? fmt::format("{0}x{0}", group.kernel) : "",
               ChannelsText(group), UpText(report, group.name), Thousands(group.parameters),
               RangeText(group.weights), Percent(group.weights)});
  }
  return table.Text(2);
}

std::string LayerTable(const std::vector<model::Layer>& layers) {
  Table table({"layer", "kind", ">kernel", ">output", ">parameters", ">MMAC", ">share"});
  const auto all = static_cast<double>(model::Macs(layers));
  for (const model::Layer& layer : layers) {
    const auto macs = static_cast<double>(model::Macs(layer));
    const std::int64_t parameters = model::Parameters(layer).trainable;
    const bool counts = parameters > 0 || layer.kind == model::LayerKind::kUpsample;
    if (!counts) continue;
    table.Add({layer.name, std::string(model::Name(layer.kind)),
               layer.kernel > 1 ? fmt::format("{0}x{0}", layer.kernel) : "",
               fmt::format("{}x{}x{}", layer.out.height, layer.out.width, layer.out.channels),
               Thousands(parameters), macs > 0 ? fmt::format("{:.2f}", macs * 1e-6) : "",
               macs > 0 ? fmt::format("{:.1f} %", 100 * macs / all) : ""});
  }
  return table.Text(2);
}

std::string TensorTable(const std::vector<TensorReport>& tensors) {
  Table table({"tensor", "type", "shape", "range", ">non-zero"});
  for (const TensorReport& tensor : tensors) {
    table.Add({tensor.name, tensor.dtype, convert::ShapeText(tensor.shape),
               tensor.values ? RangeText(*tensor.values) : "elements share memory",
               tensor.values ? Percent(*tensor.values) : ""});
  }
  return table.Text(2);
}

/// A cure that several in a row share is told once, after them; none where the verdict tells it.
std::string ProblemList(const std::vector<convert::Problem>& problems, bool with_cures) {
  std::string text;
  const std::size_t shown = std::min(problems.size(), kProblemsShown);
  for (std::size_t i = 0; i < shown; ++i) {
    text += fmt::format("    {}: {}\n", problems[i].where, problems[i].what);
    const bool last = i + 1 == shown || problems[i + 1].cure != problems[i].cure;
    if (with_cures && last) text += "      " + Paint(Colour::kDim, problems[i].cure) + "\n";
  }
  if (problems.size() > shown) {
    text += fmt::format("    and {} more: --json lists them all\n", problems.size() - shown);
  }
  return text;
}

std::string GoodVerdict(const Identification& id) {
  const std::string name = id.variant.empty() ? "a custom network" : id.variant;
  if (id.agrees() || !id.claim->label) {
    const char* as_named = id.claim && id.claim->label ? ", as its name says," : "";
    return Paint(Colour::kGreen, fmt::format("✓ it is {}{} and loads", name, as_named)) + "\n";
  }
  return Paint(Colour::kYellow, fmt::format("! it is {} and loads, but its name says {}: rename it",
                                            name, id.claim->variant)) +
         "\n";
}

std::string Verdict(const InspectReport& report) {
  const Identification& id = report.exam.id;
  if (report.loads()) return GoodVerdict(id);
  const bool differs = !report.exam.problems.empty() && id.sizes != convert::Sizes{};
  const std::string reason =
      id.spec && differs ? "it is not a whole " + NetworkName(id) : report.obstacle;
  std::string text = Paint(Colour::kRed, "✗ does not load: " + reason) + "\n";
  if (!differs) return text;
  if (!id.spec) {
    text += fmt::format("  against {}{}:\n", report.asked ? "" : "the nearest variant, ",
                        id.nearest.name);
  }
  return text + ProblemList(report.exam.problems, id.spec.has_value());
}

}  // namespace

std::string ToText(const InspectReport& report, const InspectView& view) {
  std::string text = fmt::format("{}  {}\n", Paint(Colour::kBold, report.path), Megabytes(report));
  text += Facts(report) + "\n";
  if (view.layers && !report.layers.empty()) {
    text += LayerTable(report.layers);
  } else if (!view.tensors) {
    text += GroupTable(report);
  }
  if (view.tensors) text += (view.layers ? "\n" : "") + TensorTable(report.tensors);
  text += "\n";
  for (const std::string& note : report.exam.id.notes) {
    text += "  " + Paint(Colour::kDim, "note: " + note) + "\n";
  }
  for (const std::string& warning : report.warnings) {
    const auto& claim = report.exam.id.claim;
    if (claim && warning.starts_with(claim->reason)) continue;  // The verdict tells it.
    text += "  " + Paint(Colour::kYellow, "warning: " + warning) + "\n";
  }
  return text + Verdict(report);
}

std::string ToTable(const std::vector<InspectReport>& reports) {
  Table table({"file", ">size", "network", "name says", ">epoch", ">parameters", ">GMAC",
               ">optimizer", "verdict"});
  std::string reasons;
  for (const InspectReport& report : reports) {
    const convert::Examination& exam = report.exam;
    const bool known = !report.layers.empty();
    const bool mislabelled = !exam.id.agrees() && exam.id.claim->label;
    table.Add({FileName(report.path), Megabytes(report), NetworkName(exam.id),
               exam.id.claim && exam.id.claim->label ? exam.id.claim->variant : "",
               exam.epoch ? std::to_string(*exam.epoch) : "",
               known ? Thousands(model::Parameters(report.layers).trainable) : "",
               known ? GigaMacs(report.layers) : "",
               exam.file.optimizer_tensors > 0
                   ? Bytes(static_cast<double>(exam.file.optimizer_bytes))
                   : "",
               !report.loads() ? "✗ does not load"
               : mislabelled   ? "! wrong name"
                               : "✓ loads"});
    if (!report.loads()) reasons += report.path + ": " + report.obstacle + "\n";
  }
  return table.Text() + (reasons.empty() ? "" : "\n" + reasons);
}

}  // namespace cnp::cli
