#include "convnextpose/synth/lights.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

namespace cnp::synth {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 16;
constexpr double kBrightest = 1e6;

std::optional<Light> ToLight(const Json& rows) {
  Light light{};
  if (!rows.is_array() || rows.size() != light.size()) return std::nullopt;
  for (std::size_t i = 0; i < light.size(); ++i) {
    const Json& row = rows[i];
    if (!row.is_array() || row.size() != 3) return std::nullopt;
    for (std::size_t k = 0; k < 3; ++k) {
      if (!row[k].is_number() || !(std::abs(row[k].get<double>()) < kBrightest)) {
        return std::nullopt;
      }
      light[i][k] = row[k].get<float>();
    }
  }
  return light;
}

}  // namespace

Result<std::map<std::string, Light>> ParseLights(std::string_view json, const std::string& file) {
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, const Json&) {
    deep = deep || depth >= kDeepest;
    return !deep;
  };
  const Json root = Json::parse(json, watch, /*allow_exceptions=*/false);
  if (deep || !root.is_object()) return Error{file + ": this is no JSON with lights of panoramas"};
  std::map<std::string, Light> lights;
  for (const auto& [name, entry] : root.items()) {
    if (name.starts_with("_")) continue;
    const auto light =
        entry.is_object() && entry.contains("sh9") ? ToLight(entry["sh9"]) : std::nullopt;
    if (!light) {
      std::string where = file;
      where += ": the light of ";
      where += name;
      return Error{where + " is not 9 rows of 3 numbers"};
    }
    lights.emplace(name, *light);
  }
  return lights;
}

}  // namespace cnp::synth
