#include <nlohmann/json.hpp>

#include "apps/cli/bench_report.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;

Json CaseJson(const BenchCase& what) {
  return {{"variant", what.network},
          {"weights", what.weights},
          {"threads", what.threads},
          {"batch", what.batch}};
}

Json LayerJson(const LayerTime& layer, double peak_of_one) {
  Json json = {{"name", layer.name},
               {"macs", layer.macs},
               {"thread_ms", layer.seconds * 1e3},
               {"share_of_peak", nullptr}};
  if (layer.macs > 0 && layer.seconds > 0) {
    json["share_of_peak"] = static_cast<double>(layer.macs) / layer.seconds / peak_of_one;
  }
  return json;
}

Json ResultJson(const BenchResult& result) {
  Json json = {{"engine", result.engine}, {"about", result.about}};
  json.update(CaseJson(result.what));
  json.update({{"precision", result.precision},
               {"runs", result.runs},
               {"median_ms", result.ms.median},
               {"p10_ms", result.ms.p10},
               {"p90_ms", result.ms.p90},
               {"pictures_per_second", PicturesPerSecond(result)},
               {"macs", result.what.macs},
               {"gmacs_per_second", MacsPerSecond(result) * 1e-9},
               {"peak_gflops", result.what.peak * 2e-9},
               {"share_of_peak", MacsPerSecond(result) / result.what.peak},
               {"mean_difference_cells", result.difference.mean},
               {"largest_difference_cells", result.difference.largest},
               {"cpu_share_of_others", result.others},
               {"workspace_bytes", result.workspace > 0 ? Json(result.workspace) : Json()},
               {"peak_memory_bytes", result.peak_memory}});
  if (!result.layers.empty()) {
    for (const LayerTime& layer : result.layers) {
      json["layers"].push_back(LayerJson(layer, result.what.peak / result.what.threads));
    }
  }
  return json;
}

Json RatioJson(const BenchRatio& ratio) {
  Json json = {{"against", ratio.peer}};
  json.update(CaseJson(ratio.what));
  json.update({{"precision", ratio.precision},
               {"median", ratio.ratio.median},
               {"p10", ratio.ratio.p10},
               {"p90", ratio.ratio.p90}});
  return json;
}

Json GapJson(const BenchGap& gap) {
  Json json = {{"engine", gap.engine}};
  json.update(CaseJson(gap.what));
  json["reason"] = gap.reason;
  return json;
}

}  // namespace

std::string ToJson(const BenchReport& report) {
  Json json = {{"schema", "convnextpose-bench/1"},
               {"cpu", report.cpu},
               {"cores", report.cores},
               {"isa", report.isa},
               {"peak_gflops", report.peak * 2e-9},
               {"results", Json::array()},
               {"ratios", Json::array()},
               {"not_measured", Json::array()}};
  for (const BenchResult& result : report.results) json["results"].push_back(ResultJson(result));
  for (const BenchRatio& ratio : report.ratios) json["ratios"].push_back(RatioJson(ratio));
  for (const BenchGap& gap : report.gaps) json["not_measured"].push_back(GapJson(gap));
  return json.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cnp::cli
