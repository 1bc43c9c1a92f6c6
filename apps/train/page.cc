#include "apps/train/page.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "apps/cli/svg_plot.h"

namespace cnp::train_app {
namespace {

using cli::LinePlot;
using cli::LineSeries;

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="30">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{0}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 760px; margin: 2em auto; padding: 0 1em; }}
h2 {{ font-size: 1.05em; margin: 1.6em 0 0.2em; }}
svg {{ width: 100%; height: auto; font-size: 12px; fill: #222; }}
svg .grid {{ stroke: #e3e3e3; }}
</style></head><body>
<h1>{0}</h1><p>{1}</p>
)";

LineSeries TrainingLine(const std::string& name, const std::vector<LogRow>& rows,
                        double LogRow::*value) {
  LineSeries line{name, {}};
  for (const LogRow& row : rows) {
    if (!row.judgement) line.points.push_back({row.epoch, row.*value});
  }
  return line;
}

std::vector<std::string> SetsOf(const std::vector<LogRow>& rows) {
  std::vector<std::string> sets;
  for (const LogRow& row : rows) {
    if (!row.judgement) continue;
    if (std::find(sets.begin(), sets.end(), row.judgement->set) == sets.end()) {
      sets.push_back(row.judgement->set);
    }
  }
  return sets;
}

LineSeries JudgementLine(const std::string& name, const std::string& set,
                         const std::vector<LogRow>& rows, double Judgement::*value) {
  LineSeries line{name, {}};
  for (const LogRow& row : rows) {
    if (row.judgement && row.judgement->set == set) {
      line.points.push_back({row.epoch, (*row.judgement).*value});
    }
  }
  return line;
}

bool HasPoints(const LinePlot& plot) {
  return std::any_of(plot.series.begin(), plot.series.end(), [](const LineSeries& line) {
    return std::any_of(line.points.begin(), line.points.end(),
                       [](const cli::LinePoint& point) { return std::isfinite(point.y); });
  });
}

std::string Section(const std::string& title, const LinePlot& plot) {
  if (!HasPoints(plot)) return "";
  return "<h2>" + cli::EscapeHtml(title) + "</h2>\n" + cli::ToSvg(plot);
}

std::string Judgements(const std::string& set, const std::vector<LogRow>& rows) {
  return Section(set + ": error in space",
                 {.x_axis = "epochs",
                  .y_axis = "mm",
                  .series = {JudgementLine("MPJPE", set, rows, &Judgement::mpjpe_mm),
                             JudgementLine("PA-MPJPE", set, rows, &Judgement::pa_mpjpe_mm)}}) +
         Section(set + ": joints found in the picture",
                 {.x_axis = "epochs",
                  .y_axis = "share of joints",
                  .series = {JudgementLine("within 5 %", set, rows, &Judgement::within_5),
                             JudgementLine("within 10 %", set, rows, &Judgement::within_10),
                             JudgementLine("within 20 %", set, rows, &Judgement::within_20)},
                  .percent = true});
}

}  // namespace

std::string PlotPage(const std::string& title, const std::string& status,
                     const std::vector<LogRow>& rows) {
  std::string page = fmt::format(kHead, cli::EscapeHtml(title), cli::EscapeHtml(status));
  for (const std::string& set : SetsOf(rows)) page += Judgements(set, rows);
  page += Section("Loss", {.x_axis = "epochs",
                           .y_axis = "cells",
                           .series = {TrainingLine("loss", rows, &LogRow::loss)}});
  page +=
      Section("Errors while training", {.x_axis = "epochs",
                                        .y_axis = "cells",
                                        .series = {TrainingLine("x and y", rows, &LogRow::error_xy),
                                                   TrainingLine("depth", rows, &LogRow::error_z)}});
  page += Section("Learning rate", {.x_axis = "epochs",
                                    .y_axis = "rate",
                                    .series = {TrainingLine("rate", rows, &LogRow::rate)}});
  page += Section("Speed", {.x_axis = "epochs",
                            .y_axis = "pictures a second",
                            .series = {TrainingLine("speed", rows, &LogRow::pictures_per_s)}});
  return page + "</body></html>\n";
}

}  // namespace cnp::train_app
