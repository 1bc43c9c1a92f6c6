#include "apps/cli/eval_networks.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <system_error>

namespace cnp::cli {
namespace {

constexpr int kMaxEpoch = 100'000;

std::optional<int> ParseEpoch(std::string_view text) {
  int epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (epoch < 0 || epoch > kMaxEpoch) return std::nullopt;
  return epoch;
}

// "65" or "60-70".
bool AddRange(std::string_view text, std::set<int>& epochs) {
  const std::size_t dash = text.find('-');
  const auto first = ParseEpoch(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : ParseEpoch(text.substr(dash + 1));
  if (!first || !last || *first > *last) return false;
  for (int epoch = *first; epoch <= *last; ++epoch) epochs.insert(epoch);
  return true;
}

Result<std::set<int>> ParseEpochs(const std::string& text) {
  std::set<int> epochs;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    if (!AddRange(rest.substr(0, comma), epochs)) {
      return Error{"--epochs '" + text + "': give epochs as 65, 60-70 or 60,65,70"};
    }
    if (comma == std::string_view::npos) return epochs;
    rest.remove_prefix(comma + 1);
  }
}

// N of "snapshot_N.pth.tar" and the like.
std::optional<int> EpochOf(std::string_view name) {
  constexpr std::string_view kPrefix = "snapshot_";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  return ParseEpoch(name.substr(kPrefix.size(), dot - kPrefix.size()));
}

}  // namespace

Result<std::vector<std::filesystem::path>> NetworkFiles(const std::vector<std::string>& weights,
                                                        const std::string& epochs) {
  if (epochs.empty()) return std::vector<std::filesystem::path>(weights.begin(), weights.end());
  CNP_ASSIGN(const std::set<int> wanted, ParseEpochs(epochs));
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : weights) {
    std::error_code error;
    std::map<int, std::filesystem::path> snapshots;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
      const auto epoch = EpochOf(at->path().filename().string());
      if (epoch && wanted.contains(*epoch)) snapshots.emplace(*epoch, at->path());
    }
    if (error) {
      return Error{folder + ": " + error.message() +
                   "; with --epochs give the folder that holds snapshot_N.*"};
    }
    if (snapshots.empty()) {
      return Error{fmt::format("{}: has no snapshot_N.* of epochs {}", folder, epochs)};
    }
    for (const auto& [epoch, path] : snapshots) files.push_back(path);
  }
  return files;
}

}  // namespace cnp::cli
