#include "apps/cli/eval_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "apps/cli/terminal.h"

namespace cnp::cli {
namespace {

struct Shown {
  std::string_view metric;  // As in eval::kMetrics.
  std::string_view title;
};
constexpr Shown kSpace[] = {{"mpjpe_mm", "MPJPE"},
                            {"pa_mpjpe_rigid_mm", "PA-MPJPE, rigid (the paper's protocol 1)"},
                            {"pa_mpjpe_mm", "PA-MPJPE, with scale (the field's)"},
                            {"n_mpjpe_mm", "N-MPJPE"},
                            {"mrpe_mm", "MRPE (root)"},
                            {"pck3d_150", "3DPCK at 150 mm"},
                            {"auc", "AUC of 0..150 mm"}};
constexpr Shown kPlane[] = {{"pck2d_5", "labelled joints within 5 % of the box"},
                            {"pck2d_10", "labelled joints within 10 % of the box"},
                            {"pck2d_20", "labelled joints within 20 % of the box"}};

std::string Number(double value, bool share) {
  if (std::isnan(value)) return "-";
  return share ? fmt::format("{:.1f} %", 100 * value) : fmt::format("{:.1f} mm", value);
}

void AddMetric(const eval::Summary& summary, const Shown& shown, Table& table) {
  for (std::size_t i = 0; i < eval::kMetrics.size(); ++i) {
    const eval::MetricInfo& metric = eval::kMetrics[i];
    const double value = summary.metrics.*metric.value;
    if (metric.name != shown.metric || std::isnan(value)) continue;
    const eval::Interval& interval = summary.intervals[i];
    table.Add({std::string(shown.title), Number(value, metric.share),
               std::isnan(interval.low)
                   ? "-"
                   : fmt::format("{} .. {}", Number(interval.low, metric.share),
                                 Number(interval.high, metric.share))});
  }
}

std::string Heading(const eval::Evaluation& evaluation) {
  std::string data = evaluation.dataset;
  if (evaluation.protocol != 0) data += fmt::format(", protocol {}", evaluation.protocol);
  if (!evaluation.split.empty()) data += ", " + evaluation.split;
  if (evaluation.settings.subsample) {
    const int step = *evaluation.settings.subsample;
    data += step == 1 ? ", every frame" : fmt::format(", every {}th frame", step);
  }
  std::string how = evaluation.model.variant;
  if (!evaluation.model.precision.empty()) {
    how += fmt::format("{}{}, {}", how.empty() ? "" : ", ", evaluation.model.precision,
                       evaluation.model.isa);
  }
  if (evaluation.settings.flip_test) {
    how += *evaluation.settings.flip_test ? ", flip test" : ", no flip test";
  }
  return fmt::format(
      "{}{}\n  {}: {} people; boxes and roots: {}{}\n", Paint(Colour::kBold, evaluation.model.name),
      how.empty() ? "" : " (" + how + ")", data,
      Thousands(static_cast<long long>(evaluation.summary.samples)), evaluation.settings.boxes,
      evaluation.settings.assumed_camera.value_or(false) ? "; focal length assumed, not known"
                                                         : "");
}

std::string ActionTable(const eval::Summary& summary) {
  Table table({"action", ">people", ">MPJPE", ">PA rigid", ">PA scale"});
  for (const eval::Group& group : summary.per_action) {
    table.Add({group.name, Thousands(static_cast<long long>(group.samples)),
               Number(group.metrics.mpjpe_mm, false),
               Number(group.metrics.pa_mpjpe_rigid_mm, false),
               Number(group.metrics.pa_mpjpe_mm, false)});
  }
  return table.Text(2);
}

// A column whose values are all unknown is left out.
std::string JointTableOf(const eval::Summary& summary) {
  struct Column {
    const char* title;
    double eval::JointErrors::*value;
    bool share;
  };
  constexpr Column kColumns[] = {{">mean error", &eval::JointErrors::mean_mm, false},
                                 {">within 150 mm", &eval::JointErrors::pck3d_150, true},
                                 {">5 % of box", &eval::JointErrors::pck2d_5, true},
                                 {">10 %", &eval::JointErrors::pck2d_10, true},
                                 {">20 %", &eval::JointErrors::pck2d_20, true}};
  std::vector<Column> columns;
  std::vector<std::string> header = {"joint"};
  for (const Column& column : kColumns) {
    const bool known =
        std::any_of(summary.per_joint.begin(), summary.per_joint.end(),
                    [&](const auto& joint) { return !std::isnan(joint.*column.value); });
    if (!known) continue;
    columns.push_back(column);
    header.emplace_back(column.title);
  }
  Table table(header);
  const auto add = [&](const eval::JointErrors& joint) {
    std::vector<std::string> row = {joint.name};
    bool known = false;
    for (const Column& column : columns) {
      row.push_back(Number(joint.*column.value, column.share));
      known = known || !std::isnan(joint.*column.value);
    }
    if (known) table.Add(std::move(row));
  };
  for (const eval::JointErrors& joint : summary.per_joint) add(joint);
  add(summary.limbs_and_head);
  return table.Text(2);
}

}  // namespace

std::string EvaluationText(const eval::Evaluation& evaluation, std::size_t resumed) {
  const eval::Summary& summary = evaluation.summary;
  std::string text = Heading(evaluation);
  Table metrics({"", ">", ">95 %"});
  for (const Shown& shown : kSpace) AddMetric(summary, shown, metrics);
  for (const Shown& shown : kPlane) AddMetric(summary, shown, metrics);
  text += metrics.Text(2);
  if (summary.per_action.size() > 1) text += "\n" + ActionTable(summary);
  text += "\n" + JointTableOf(summary);
  if (evaluation.left_out.count > 0) {
    text += fmt::format("  left out: {} people, e.g. {}: {}\n", evaluation.left_out.count,
                        evaluation.left_out.named.front().where,
                        evaluation.left_out.named.front().what);
  }
  if (resumed > 0) text += fmt::format("  {} people were done by an earlier run\n", resumed);
  if (!std::isnan(summary.frames_per_second)) {
    text += fmt::format("  {:.1f} people a second\n", summary.frames_per_second);
  }
  return text;
}

}  // namespace cnp::cli
