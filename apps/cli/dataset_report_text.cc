#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "apps/cli/dataset_report.h"
#include "apps/cli/terminal.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;
using datasets::Problems;

constexpr std::size_t kShown = 5;  // Problems of one kind.

std::string Number(std::size_t number) { return Thousands(static_cast<long long>(number)); }

std::string State(const PartReport& part) {
  if (!part.fine()) return Paint(Colour::kRed, "problems");
  return part.Warnings().empty() ? Paint(Colour::kGreen, "fine")
                                 : Paint(Colour::kYellow, "warnings");
}

std::vector<std::string> Row(const PartReport& part) {
  const bool read = part.error.empty() && part.part.missing.empty();
  const auto number = [&](std::size_t n) { return read ? Number(n) : std::string("-"); };
  return {State(part),
          part.part.dataset,
          part.part.name,
          number(part.people),
          number(part.by_rule),
          number(part.left_out.count),
          number(part.pictures.wanted),
          number(part.pictures.missing.count),
          read ? fmt::format("{} of {}", part.pictures.broken.count, part.pictures.decoded) : "-"};
}

std::string Text(const Problems& problems) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, problems.named.size()); ++i) {
    text += fmt::format("    {}: {}\n", problems.named[i].where, problems.named[i].what);
  }
  if (problems.count > kShown) {
    text += fmt::format("    and {} more\n", Number(problems.count - kShown));
  }
  return text;
}

// Empty where there is nothing to tell.
std::string RemarksOn(const PartReport& part) {
  std::string text;
  for (const std::string& cure : part.Cures()) text += "  " + cure + "\n";
  text += Text(part.pictures.missing) + Text(part.pictures.broken);
  for (const std::string& warning : part.Warnings()) text += "  " + warning + "\n";
  text += Text(part.left_out);
  if (text.empty()) return text;
  return fmt::format("\n{}, {}:\n{}", part.part.dataset, part.part.name, text);
}

Json ToJson(const Problems& problems) {
  Json named = Json::array();
  for (const datasets::Problem& problem : problems.named) {
    named.push_back({{"where", problem.where}, {"what", problem.what}});
  }
  return {{"count", problems.count}, {"named", named}};
}

Json ToJson(const PartReport& part) {
  return {{"dataset", part.part.dataset},
          {"part", part.part.name},
          {"fine", part.fine()},
          {"missing_files", part.part.missing},
          {"error", part.error.empty() ? Json() : Json(part.error)},
          {"people", part.people},
          {"skipped_by_rule", part.by_rule},
          {"left_out", ToJson(part.left_out)},
          {"images", part.images.string()},
          {"pictures",
           {{"wanted", part.pictures.wanted},
            {"decoded", part.pictures.decoded},
            {"missing", ToJson(part.pictures.missing)},
            {"broken", ToJson(part.pictures.broken)}}},
          {"cures", part.Cures()},
          {"warnings", part.Warnings()}};
}

}  // namespace

std::string ToText(const CheckReport& report) {
  if (report.parts.empty()) {
    return fmt::format(
        "{}: no known dataset; looked in {}; expected are\n{}\n{}", report.dir, report.looked_in,
        ExpectedFiles(),
        report.archives.empty() ? "" : "  not unpacked yet: " + report.archives.front() + "\n");
  }
  Table table({"", "dataset", "part", ">people", ">skipped by rule", ">broken annotations",
               ">pictures", ">missing", ">broken"});
  for (const PartReport& part : report.parts) table.Add(Row(part));
  std::string text = fmt::format("{}\n{}", report.dir, table.Text(2));
  for (const std::string& line : report.Protocols()) text += "  " + line + "\n";
  for (const PartReport& part : report.parts) text += RemarksOn(part);
  if (!report.archives.empty()) text += "\nnot unpacked yet?\n";
  for (const std::string& archive : report.archives) text += "  " + archive + "\n";
  return text;
}

std::string ToJson(const CheckReport& report) {
  Json parts = Json::array();
  for (const PartReport& part : report.parts) parts.push_back(ToJson(part));
  const Json json = {
      {"dir", report.dir}, {"fine", report.fine()},           {"looked_in", report.looked_in},
      {"parts", parts},    {"protocols", report.Protocols()}, {"archives", report.archives}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cnp::cli
