#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <string_view>

#include "apps/cli/compare_report.h"
#include "apps/cli/svg_plot.h"

#ifndef CNP_VERSION
#error "the build defines CNP_VERSION"
#endif

namespace cnp::cli {
namespace {

using eval::ComparedModel;
using eval::Comparison;

constexpr const char* kStyle = R"(
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1e24; background: #f6f7f9; margin: 0; }
main { max-width: 1160px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 18px; margin: 0 0 12px; }
section { background: #fff; border: 1px solid #e1e4ea; border-radius: 8px; padding: 18px 20px;
  margin-top: 18px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: left; border-bottom: 1px solid #eceef2;
  white-space: nowrap; }
td.long { white-space: normal; overflow-wrap: anywhere; }
th { color: #5d6370; font-weight: 600; font-size: 13px; }
.right { text-align: right; }
p.note { color: #5d6370; margin: 10px 0 0; font-size: 13px; }
.chip { display: inline-block; width: 11px; height: 11px; border-radius: 6px; margin-right: 7px; }
.good { color: #00654a; font-weight: 600; } .bad { color: #a63a00; font-weight: 600; }
.legend { margin: 0 0 8px; font-size: 13px; } .legend span.name { margin-right: 16px; }
svg { width: 100%; max-width: 860px; height: auto; display: block; font: 12px system-ui, sans-serif;
  fill: #3a3f4a; }
svg .grid { stroke: #e6e9ee; } svg .span { stroke: #c3c8d1; stroke-width: 2; }
article { margin-top: 18px; border-top: 1px solid #eceef2; padding-top: 10px; }
h3 { font-size: 15px; margin: 0; overflow-wrap: anywhere; } article p.note { margin: 0 0 6px; }
figure { margin: 0 0 10px; } figcaption { font-size: 13px; margin-bottom: 3px; }
figure img { max-width: 100%; height: auto; display: block; }
details summary { cursor: pointer; color: #5d6370; font-size: 13px; margin-top: 10px; }
)";

std::string Chip(std::size_t model) {
  return fmt::format("<span class=\"chip\" style=\"background:{}\"></span>", SeriesColour(model));
}

std::string CellClass(const std::string& text, bool right) {
  constexpr std::size_t kLong = 40;  // Numbers and names stay on one line.
  if (text == "as published" || text == "better") return " class=\"good\"";
  if (text == "worse") return " class=\"bad\"";
  if (right) return " class=\"right\"";
  return text.size() > kLong ? " class=\"long\"" : "";
}

// `chips`: rows are models, shown with their colours.
std::string HtmlTable(const Sheet& sheet, bool chips) {
  std::string html = "<table><thead><tr>";
  std::vector<bool> right;
  for (const std::string& title : sheet.header) {
    right.push_back(title.starts_with('>'));
    html += fmt::format("<th{}>{}</th>", right.back() ? " class=\"right\"" : "",
                        EscapeHtml(right.back() ? title.substr(1) : title));
  }
  html += "</tr></thead><tbody>\n";
  for (std::size_t r = 0; r < sheet.rows.size(); ++r) {
    html += "<tr>";
    for (std::size_t c = 0; c < sheet.rows[r].size(); ++c) {
      const std::string& cell = sheet.rows[r][c];
      html += "<td" + CellClass(cell, right[c]) + ">" + (chips && c == 0 ? Chip(r) : "") +
              EscapeHtml(cell) + "</td>";
    }
    html += "</tr>\n";
  }
  html += "</tbody></table>\n";
  for (const std::string& note : sheet.notes) {
    html += "<p class=\"note\">" + EscapeHtml(note) + "</p>\n";
  }
  return html;
}

std::string Section(const std::string& title, const std::string& content) {
  return "<section><h2>" + EscapeHtml(title) + "</h2>\n" + content + "</section>\n";
}

std::string Legend(const Comparison& comparison) {
  std::string html = "<p class=\"legend\">";
  for (std::size_t m = 0; m < comparison.models.size(); ++m) {
    html += Chip(m) + "<span class=\"name\">" + EscapeHtml(comparison.models[m].label) + "</span>";
  }
  return html + "</p>\n";
}

std::string RowSection(const Sheet& sheet, const std::string& axis, const Comparison& comparison,
                       const std::vector<eval::ComparedRow>& rows) {
  if (sheet.rows.empty()) return "";
  DotPlot plot;
  plot.axis = axis;
  plot.percent = comparison.metric.share;
  for (const eval::ComparedRow& row : rows) plot.rows.push_back(row.name);
  for (std::size_t m = 0; m < comparison.models.size(); ++m) {
    Series series = {comparison.models[m].label, {}};
    for (const eval::ComparedRow& row : rows) series.values.push_back(row.values[m]);
    plot.series.push_back(std::move(series));
  }
  return Section(sheet.title, Legend(comparison) + ToSvg(plot) +
                                  "<details><summary>The numbers</summary>\n" +
                                  HtmlTable(sheet, false) + "</details>\n");
}

// Every table by its plot.
std::string RowSections(const Comparison& comparison) {
  const std::string axis = TitleOf(comparison.metric);
  const std::string joint_axis = comparison.metric.share ? axis : "mean error (mm)";
  return RowSection(ActionSheet(comparison), axis, comparison, comparison.actions) +
         RowSection(JointSheet(comparison), joint_axis, comparison, comparison.joints) +
         RowSection(SubjectSheet(comparison), axis, comparison, comparison.subjects) +
         RowSection(CameraSheet(comparison), axis, comparison, comparison.cameras);
}

// Nothing where no two models differ in x.
template <typename X>
std::string ScatterSection(const std::string& title, const std::string& x_axis,
                           const Comparison& comparison, const X& x_of) {
  ScatterPlot plot;
  plot.x_axis = x_axis;
  plot.y_axis = TitleOf(comparison.metric);
  plot.percent = comparison.metric.share;
  std::set<double> places;
  bool published = false;
  for (const ComparedModel& model : comparison.models) {
    const bool same = model.expected && model.expected->metric == comparison.metric.name;
    plot.points.push_back({model.label, x_of(*model.evaluation), model.value, model.interval.low,
                           model.interval.high, same ? model.expected->mm : eval::kUnknown});
    const bool has = std::isfinite(plot.points.back().x) && std::isfinite(model.value);
    if (has) places.insert(plot.points.back().x);
    published = published || (has && same);
  }
  if (places.size() < 2) return "";
  std::string note = comparison.metric.share ? "Higher is better." : "Lower is better.";
  note += " Lines are 95 % intervals.";
  if (published) note += " Rings are the published errors.";
  return Section(title, ToSvg(plot) + "<p class=\"note\">" + note + "</p>\n");
}

std::string Base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? std::to_integer<unsigned>(bytes[at]) : 0U;
    };
    const unsigned three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) text += kDigits[three >> shift & 63U];
  }
  const std::size_t padding = (3 - bytes.size() % 3) % 3;
  text.replace(text.size() - padding, padding, padding, '=');
  return text;
}

std::string PersonHtml(const Comparison& comparison, std::size_t n, const PersonPictures& drawn) {
  const eval::ComparedPerson& person = comparison.worst[n];
  std::string html =
      fmt::format("<article><h3>{}. {}</h3>\n<p class=\"note\">image {}, annotation {}{}</p>\n",
                  n + 1, EscapeHtml(person.file), person.image_id, person.annotation_id,
                  drawn.about.empty() ? "" : "; " + EscapeHtml(drawn.about));
  for (const PosePicture& pose : drawn.poses) {
    const std::string value = Formatted(comparison.metric, person.values[pose.model]);
    const std::string label = EscapeHtml(comparison.models[pose.model].label);
    html += fmt::format(
        "<figure><figcaption>{}{}: <b>{}</b> {}</figcaption><img alt=\"{}, person {}\" "
        "src=\"data:image/jpeg;base64,{}\"></figure>\n",
        Chip(pose.model), label, value, TitleOf(comparison.metric), label, n + 1,
        Base64(pose.jpeg));
  }
  return html + "</article>\n";
}

std::string WorstSection(const Comparison& comparison, const WorstPictures& pictures) {
  if (comparison.worst.empty()) return "";
  std::string html = "<p class=\"note\">People on whom any of the models is worst.";
  if (!pictures.people.empty()) {
    html +=
        " White: as labelled; in colour: as predicted; thin lines join the two places of a joint. "
        "Beside the picture, relative to the root and not aligned, from the front and from the "
        "side";
    html += comparison.metric.share ? ": as predicted alone, for only the picture is labelled; how "
                                      "far away people are was told by their bones."
                                    : ".";
  }
  html += "</p>\n";
  for (const std::string& note : pictures.notes) {
    html += "<p class=\"note\">No pictures: " + EscapeHtml(note) + "</p>\n";
  }
  for (std::size_t n = 0; n < pictures.people.size(); ++n) {
    html += PersonHtml(comparison, n, pictures.people[n]);
  }
  const std::string table = HtmlTable(WorstSheet(comparison), false);
  return Section("The worst",
                 html + (pictures.people.empty() ? table
                                                 : "<details><summary>The numbers</summary>\n" +
                                                       table + "</details>\n"));
}

std::string LeftOutSection(const Comparison& comparison) {
  std::string html;
  for (const ComparedModel& model : comparison.models) {
    const datasets::Problems& left_out = model.evaluation->left_out;
    if (left_out.count == 0) continue;
    html += fmt::format("<p>{}: {} left out.</p>\n<ul>\n", EscapeHtml(model.label), left_out.count);
    for (const datasets::Problem& problem : left_out.named) {
      html += "<li>" + EscapeHtml(problem.where + ": " + problem.what) + "</li>\n";
    }
    html += "</ul>\n";
  }
  return html.empty() ? "" : Section("Left out", html);
}

std::string Known(const std::optional<bool>& value) {
  return !value ? "not known" : *value ? "yes" : "no";
}

std::string SettingsSection(const Comparison& comparison) {
  Sheet sheet;
  sheet.header = {"model",     "file",  "precision", "instruction set",
                  "flip test", "boxes", "roots",     ">every n-th frame"};
  const auto text = [](const std::string& value) { return value.empty() ? "not known" : value; };
  for (const ComparedModel& model : comparison.models) {
    const eval::ModelInfo& info = model.evaluation->model;
    const eval::Settings& settings = model.evaluation->settings;
    sheet.rows.push_back({model.label, text(info.file), text(info.precision), text(info.isa),
                          Known(settings.flip_test), text(settings.boxes), text(settings.roots),
                          settings.subsample ? std::to_string(*settings.subsample) : "-"});
    for (const std::string& note : settings.notes) sheet.notes.push_back(model.label + ": " + note);
  }
  return Section("How it was evaluated", HtmlTable(sheet, true));
}

}  // namespace

std::string CompareHtml(const Comparison& comparison, const WorstPictures& worst) {
  const std::string title = "Comparison on " + Subject(comparison);
  const auto gmac = [](const eval::Evaluation& e) { return e.model.gmac.value_or(eval::kUnknown); };
  const auto speed = [](const eval::Evaluation& e) { return e.summary.frames_per_second; };
  const Sheet pairs = PairSheet(comparison);
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>" +
         EscapeHtml(title) + "</title>\n<style>" + kStyle + "</style></head><body><main>\n<h1>" +
         EscapeHtml(title) + "</h1>\n" +
         Section("Models", HtmlTable(ModelSheet(comparison), true)) +
         (pairs.rows.empty() ? "" : Section(pairs.title, HtmlTable(pairs, false))) +
         ScatterSection("Error and size", "GMAC a picture", comparison, gmac) +
         ScatterSection("Error and speed", "pictures a second", comparison, speed) +
         RowSections(comparison) + WorstSection(comparison, worst) + LeftOutSection(comparison) +
         SettingsSection(comparison) +
         "<p class=\"note\">Made by convnextpose " CNP_VERSION ".</p>\n</main></body></html>\n";
}

}  // namespace cnp::cli
