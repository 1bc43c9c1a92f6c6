#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/cli/compare_report.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json Text(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json Numbers(const std::vector<double>& values) {
  Json json = Json::array();
  for (const double value : values) json.push_back(Number(value));
  return json;
}

Json IntervalJson(const eval::Interval& interval) {
  return {Number(interval.low), Number(interval.high)};
}

const char* VerdictName(eval::Verdict verdict) {
  switch (verdict) {
    case eval::Verdict::kAsPublished:
      return "as_published";
    case eval::Verdict::kBetter:
      return "better";
    case eval::Verdict::kWorse:
      return "worse";
    case eval::Verdict::kNothingExpected:
      break;
  }
  return nullptr;
}

Json ModelJson(const eval::ComparedModel& model) {
  const eval::ModelInfo& info = model.evaluation->model;
  Json json = {{"label", model.label},
               {"name", Text(info.name)},
               {"variant", Text(info.variant)},
               {"file", Text(info.file)},
               {"parameters", info.parameters ? Json(*info.parameters) : Json()},
               {"gmac", info.gmac ? Number(*info.gmac) : Json()},
               {"frames_per_second", Number(model.evaluation->summary.frames_per_second)},
               {"samples", model.evaluation->summary.samples},
               {"value", Number(model.value)},
               {"interval", IntervalJson(model.interval)},
               {"metrics", Json::object()},
               {"expected_mm", model.expected ? Json(model.expected->mm) : Json()},
               {"difference_mm", Number(model.difference_mm)},
               {"verdict", nullptr},
               {"deviations", model.deviations}};
  if (const char* verdict = VerdictName(model.verdict)) json["verdict"] = verdict;
  for (const eval::MetricInfo& metric : eval::kMetrics) {
    json["metrics"][std::string(metric.name)] =
        Number(model.evaluation->summary.metrics.*metric.value);
  }
  return json;
}

Json PairJson(const eval::ComparedPair& pair) {
  return {{"first", pair.first},
          {"second", pair.second},
          {"persons", pair.persons},
          {"difference", Number(pair.difference)},
          {"interval", IntervalJson(pair.interval)},
          {"p_value", Number(pair.p_value)},
          {"resampled", pair.by_sequences ? "sequences" : "persons"}};
}

Json RowsJson(const std::vector<eval::ComparedRow>& rows) {
  Json json = Json::array();
  for (const eval::ComparedRow& row : rows) {
    json.push_back({{"name", row.name}, {"values", Numbers(row.values)}});
  }
  return json;
}

}  // namespace

std::string CompareJson(const eval::Comparison& comparison) {
  const eval::Evaluation& first = *comparison.models[0].evaluation;
  Json json = {{"schema", "convnextpose-compare/1"},
               {"dataset", first.dataset},
               {"protocol", first.protocol > 0 ? Json(first.protocol) : Json()},
               {"metric", comparison.metric.name},
               {"models", Json::array()},
               {"pairs", Json::array()},
               {"per_action", RowsJson(comparison.actions)},
               {"per_joint", RowsJson(comparison.joints)},
               {"per_subject", RowsJson(comparison.subjects)},
               {"per_camera", RowsJson(comparison.cameras)},
               {"worst", Json::array()},
               {"warnings", comparison.warnings}};
  for (const auto& model : comparison.models) json["models"].push_back(ModelJson(model));
  for (const auto& pair : comparison.pairs) json["pairs"].push_back(PairJson(pair));
  for (const auto& person : comparison.worst) {
    json["worst"].push_back({{"file", person.file},
                             {"image_id", person.image_id},
                             {"annotation_id", person.annotation_id},
                             {"values", Numbers(person.values)}});
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cnp::cli
