#include "apps/cli/bench_report.h"

#include <fmt/core.h>

#include "apps/cli/terminal.h"

namespace cnp::cli {
namespace {

constexpr const char* kNotes =
    "p10, p90: 10th and 90th percentile. GMAC/s and the share of the peak count the published "
    "layers'\nmultiply-adds. Off: how far coordinates are from our f32's, in heatmap cells.\n"
    "Others: the share of all cores that other programs used meanwhile; trust times where it is "
    "0.\n"
    "Memory: the most that the process had at once, with the weights as they are read and "
    "packed;\nworkspace: what a session takes beside the network.";

std::vector<std::string> What(const BenchCase& what) {
  return {what.network, std::to_string(what.threads), std::to_string(what.batch)};
}

std::vector<std::string> Join(std::vector<std::string> left,
                              const std::vector<std::string>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::string Percent(double share) { return fmt::format("{:.0f} %", 100 * share); }
std::string Cells(double difference) { return fmt::format("{:.1g}", difference); }

std::vector<std::string> Row(const BenchResult& result) {
  const double rate = MacsPerSecond(result);
  return Join(What(result.what),
              {result.engine, result.precision, fmt::format("{:.2f}", result.ms.median),
               fmt::format("{:.2f}", result.ms.p10), fmt::format("{:.2f}", result.ms.p90),
               fmt::format("{:.1f}", PicturesPerSecond(result)), fmt::format("{:.1f}", rate * 1e-9),
               Percent(rate / result.what.peak), Cells(result.difference.mean),
               Cells(result.difference.largest), Percent(result.others),
               result.workspace > 0 ? Bytes(static_cast<double>(result.workspace)) : "-",
               Bytes(static_cast<double>(result.peak_memory))});
}

std::string ResultTable(const std::vector<BenchResult>& results) {
  Table table({"network", ">threads", ">batch", "engine", "precision", ">ms", ">p10", ">p90",
               ">pictures/s", ">GMAC/s", ">of peak", ">mean off", ">most off", ">others",
               ">workspace", ">memory"});
  for (const BenchResult& result : results) table.Add(Row(result));
  return table.Text();
}

std::string RatioTable(const std::vector<BenchRatio>& ratios) {
  Table table(
      {"network", ">threads", ">batch", "precision", "ours / theirs", ">median", ">p10", ">p90"});
  for (const BenchRatio& ratio : ratios) {
    table.Add(
        Join(What(ratio.what),
             {ratio.precision, ratio.peer, fmt::format("{:.3f}", ratio.ratio.median),
              fmt::format("{:.3f}", ratio.ratio.p10), fmt::format("{:.3f}", ratio.ratio.p90)}));
  }
  return table.Text();
}

std::string Title(const BenchCase& what) {
  return fmt::format("{} ({}), {} thread{}, batch {}", what.network, what.weights, what.threads,
                     what.threads == 1 ? "" : "s", what.batch);
}

// A layer's share of the peak is that of the threads while they work on it.
std::string LayerTable(const BenchResult& result) {
  const double peak_of_one = result.what.peak / result.what.threads;
  double total = 0;
  for (const LayerTime& layer : result.layers) total += layer.seconds;
  Table table({"layer", ">ms", ">of time", ">MMAC", ">GMAC/s", ">of peak"});
  for (const LayerTime& layer : result.layers) {
    const double rate = layer.seconds > 0 ? static_cast<double>(layer.macs) / layer.seconds : 0;
    const bool counted = layer.macs > 0;
    table.Add({layer.name, fmt::format("{:.3f}", layer.seconds * 1e3),
               total > 0 ? fmt::format("{:.1f} %", 100 * layer.seconds / total) : "-",
               counted ? fmt::format("{:.1f}", static_cast<double>(layer.macs) * 1e-6) : "-",
               counted ? fmt::format("{:.1f}", rate * 1e-9) : "-",
               counted ? Percent(rate / peak_of_one) : "-"});
  }
  return fmt::format("{}, {}: milliseconds of all threads together, GMAC/s of one\n{}",
                     Title(result.what), result.precision, table.Text());
}

}  // namespace

double PicturesPerSecond(const BenchResult& result) {
  return 1e3 * result.what.batch / result.ms.median;
}

double MacsPerSecond(const BenchResult& result) {
  return 1e3 * static_cast<double>(result.what.macs) / result.ms.median;
}

std::string ToText(const BenchReport& report) {
  std::string text = fmt::format(
      "{}, {} core{}, {}; peak {:.1f} GMAC/s ({:.1f} GFLOP/s) in f32\n\n", report.cpu, report.cores,
      report.cores == 1 ? "" : "s", report.isa, report.peak * 1e-9, report.peak * 2e-9);
  if (!report.results.empty()) text += ResultTable(report.results);
  if (!report.ratios.empty()) text += "\n" + RatioTable(report.ratios);
  for (const BenchResult& result : report.results) {
    if (!result.layers.empty()) text += "\n" + LayerTable(result);
  }
  return text + "\n" + Paint(Colour::kDim, kNotes) + "\n";
}

}  // namespace cnp::cli
