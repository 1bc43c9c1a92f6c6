#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "apps/cli/compare_report.h"
#include "apps/cli/terminal.h"
#include "convnextpose/convert/text.h"

namespace cnp::cli {
namespace {

using eval::ComparedModel;
using eval::ComparedPair;
using eval::Comparison;
using eval::MetricInfo;
using eval::Verdict;

std::string Fixed(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : "-";
}

std::string Signed(const MetricInfo& metric, double value) {
  if (!std::isfinite(value)) return "-";
  const std::string text =
      metric.share ? fmt::format("{:+.1f} %", 100 * value) : fmt::format("{:+.2f}", value);
  return text == "-0.00" || text == "-0.0 %" ? "+" + text.substr(1) : text;
}

using Format = std::string (*)(const MetricInfo& metric, double value);

std::string Range(const MetricInfo& metric, const eval::Interval& interval, Format format) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return "-";
  return format(metric, interval.low) + " to " + format(metric, interval.high);
}

std::vector<std::string> ModelRow(const MetricInfo& metric, const ComparedModel& model) {
  const eval::ModelInfo& info = model.evaluation->model;
  const eval::Summary& summary = model.evaluation->summary;
  return {model.label,
          info.variant.empty() ? "-" : info.variant,
          info.parameters ? Thousands(*info.parameters) : "-",
          Fixed(info.gmac.value_or(eval::kUnknown), 3),
          Fixed(summary.frames_per_second, 1),
          Thousands(static_cast<long long>(summary.samples)),
          Formatted(metric, model.value),
          Range(metric, model.interval, Formatted),
          model.expected ? Fixed(model.expected->mm, 2) : "-",
          model.expected ? Signed(metric, model.difference_mm) : "-",
          Word(model.verdict)};
}

std::string Probability(double p) {
  if (!std::isfinite(p)) return "-";
  return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p);
}

std::string Judgement(const ComparedPair& pair) {
  if (!std::isfinite(pair.p_value)) return "too few people";
  return pair.p_value < 0.05 ? "real" : "may be chance";
}

std::string Cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, "\\");
  }
  return text;
}

std::string MarkdownLine(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + Cell(cell) + " |";
  return line + "\n";
}

std::string Markdown(const Sheet& sheet) {
  std::vector<std::string> header;
  std::vector<std::string> rule;
  for (const std::string& title : sheet.header) {
    const bool right = title.starts_with('>');
    header.push_back(right ? title.substr(1) : title);
    rule.emplace_back(right ? "--:" : "---");
  }
  std::string text = "## " + sheet.title + "\n\n" + MarkdownLine(header) + MarkdownLine(rule);
  for (const auto& row : sheet.rows) text += MarkdownLine(row);
  for (const std::string& note : sheet.notes) text += "\n" + note + "\n";
  return text + "\n";
}

std::string Text(const Sheet& sheet) {
  Table table(sheet.header);
  for (const auto& row : sheet.rows) table.Add(row);
  std::string text = Paint(Colour::kBold, sheet.title) + "\n" + table.Text();
  for (const std::string& note : sheet.notes) text += Paint(Colour::kDim, note) + "\n";
  return text;
}

Sheet RowSheet(const std::string& title, const Comparison& comparison,
               const std::vector<eval::ComparedRow>& rows) {
  Sheet sheet;
  sheet.title = title;
  if (rows.size() < 2) return sheet;
  sheet.header = {""};
  const std::size_t models = comparison.models.size();
  for (const ComparedModel& model : comparison.models) sheet.header.push_back(">" + model.label);
  for (std::size_t m = 1; m < models; ++m) {
    sheet.header.push_back(">" + comparison.models[m].label + " - " + comparison.models[0].label);
  }
  for (const eval::ComparedRow& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const double value : row.values) cells.push_back(Formatted(comparison.metric, value));
    for (std::size_t m = 1; m < models; ++m) {
      cells.push_back(Signed(comparison.metric, row.values[m] - row.values[0]));
    }
    sheet.rows.push_back(std::move(cells));
  }
  return sheet;
}

/// Those that a reader wants first, without what is empty.
std::vector<Sheet> Sheets(const Comparison& comparison) {
  std::vector<Sheet> sheets = {ModelSheet(comparison),   PairSheet(comparison),
                               ActionSheet(comparison),  JointSheet(comparison),
                               SubjectSheet(comparison), CameraSheet(comparison)};
  std::erase_if(sheets, [](const Sheet& sheet) { return sheet.rows.empty(); });
  return sheets;
}

}  // namespace

std::string Formatted(const MetricInfo& metric, double value) {
  if (!std::isfinite(value)) return "-";
  return metric.share ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.2f}", value);
}

std::string TitleOf(const MetricInfo& metric) {
  if (metric.name == "mpjpe_mm") return "MPJPE (mm)";
  if (metric.name == "pa_mpjpe_rigid_mm") return "PA-MPJPE, rigid (mm)";
  if (metric.name == "pck2d_10") return "joints within 10 % of the box";
  return std::string(metric.name);
}

std::string Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNothingExpected:
      return "-";
    case Verdict::kAsPublished:
      return "as published";
    case Verdict::kBetter:
      return "better";
    case Verdict::kWorse:
      return "worse";
  }
  return "-";
}

std::string Subject(const Comparison& comparison) {
  const eval::Evaluation& first = *comparison.models[0].evaluation;
  std::string subject = first.dataset;
  if (!first.split.empty()) subject += " " + first.split;
  if (first.protocol > 0) subject += fmt::format(", protocol {}", first.protocol);
  return subject;
}

Sheet ModelSheet(const Comparison& comparison) {
  Sheet sheet;
  sheet.title = Subject(comparison);
  sheet.header = {"model",
                  "variant",
                  ">parameters",
                  ">GMAC",
                  ">pictures/s",
                  ">people",
                  ">" + TitleOf(comparison.metric),
                  "95 %",
                  ">published",
                  ">difference",
                  "verdict"};
  bool expects = false;
  for (const ComparedModel& model : comparison.models) {
    sheet.rows.push_back(ModelRow(comparison.metric, model));
    expects = expects || model.expected.has_value();
    if (!model.deviations.empty()) {
      sheet.notes.push_back(model.label + " was not evaluated as the published number was: " +
                            convert::Join(model.deviations) + ".");
    }
  }
  if (expects) {
    sheet.notes.push_back(
        fmt::format("Published: {}; {}.", eval::kExpectedSource, eval::kExpectedConditions));
  }
  for (const std::string& warning : comparison.warnings)
    sheet.notes.push_back("Note: " + warning + ".");
  return sheet;
}

Sheet PairSheet(const Comparison& comparison) {
  Sheet sheet;
  sheet.title = "Is the difference real?";
  sheet.header = {"models", ">people of both", ">difference", "95 %", ">p", "it is"};
  bool by_sequences = false;
  bool by_persons = false;
  for (const ComparedPair& pair : comparison.pairs) {
    sheet.rows.push_back(
        {comparison.models[pair.second].label + " against " + comparison.models[pair.first].label,
         Thousands(static_cast<long long>(pair.persons)),
         Signed(comparison.metric, pair.difference),
         Range(comparison.metric, pair.interval, Signed), Probability(pair.p_value),
         Judgement(pair)});
    (pair.by_sequences ? by_sequences : by_persons) = true;
  }
  if (by_sequences) {
    sheet.notes.emplace_back(
        "Paired bootstrap over whole sequences, for neighbouring pictures err alike.");
  }
  if (by_persons) sheet.notes.emplace_back("Paired bootstrap over people: too few sequences.");
  return sheet;
}

Sheet ActionSheet(const Comparison& comparison) {
  return RowSheet("By action", comparison, comparison.actions);
}

Sheet JointSheet(const Comparison& comparison) {
  const bool aligned = comparison.metric.name == "pa_mpjpe_rigid_mm";
  return RowSheet(aligned ? "By joint (relative to the root, not aligned)" : "By joint", comparison,
                  comparison.joints);
}

Sheet SubjectSheet(const Comparison& comparison) {
  return RowSheet("By subject", comparison, comparison.subjects);
}

Sheet CameraSheet(const Comparison& comparison) {
  return RowSheet("By camera", comparison, comparison.cameras);
}

Sheet WorstSheet(const Comparison& comparison) {
  Sheet sheet;
  sheet.title = "The worst";
  sheet.header = {"picture", ">image id"};
  for (const ComparedModel& model : comparison.models) sheet.header.push_back(">" + model.label);
  for (const eval::ComparedPerson& person : comparison.worst) {
    std::vector<std::string> cells = {person.file, std::to_string(person.image_id)};
    for (const double value : person.values) cells.push_back(Formatted(comparison.metric, value));
    sheet.rows.push_back(std::move(cells));
  }
  return sheet;
}

std::string CompareText(const Comparison& comparison) {
  std::string text;
  for (const Sheet& sheet : Sheets(comparison)) text += (text.empty() ? "" : "\n") + Text(sheet);
  return text;
}

std::string CompareMarkdown(const Comparison& comparison) {
  std::string text;
  for (const Sheet& sheet : Sheets(comparison)) text += Markdown(sheet);
  text.pop_back();
  return text;
}

}  // namespace cnp::cli
