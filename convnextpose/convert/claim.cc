#include "convnextpose/convert/claim.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "convnextpose/model/spec.h"

namespace cnp::convert {
namespace {

// The epochs at which the published checkpoints were taken.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kPublishedEpochs = {
    {{"XS", 68}, {"S", 67}, {"M", 70}, {"L", 83}}};

/// "XS" ... "L" after "convnextpose" and a separator, before a character that is no letter.
std::string Label(std::string_view file_name) {
  std::string lower(file_name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string_view family = "convnextpose";
  auto at = lower.find(family);
  if (at == std::string::npos) return {};
  at += family.size();
  while (at < lower.size() && std::string_view("_- .").find(lower[at]) != std::string_view::npos) {
    ++at;
  }
  std::string word;
  while (at < lower.size() && std::isalnum(static_cast<unsigned char>(lower[at])) != 0) {
    word += static_cast<char>(std::toupper(static_cast<unsigned char>(lower[at++])));
  }
  return model::FindVariant(word).ok() ? word : std::string();
}

/// N of "snapshot_N".
std::optional<std::int64_t> SnapshotEpoch(std::string_view name) {
  const std::string_view prefix = "snapshot_";
  const auto at = name.find(prefix);
  if (at == std::string_view::npos) return {};
  std::int64_t epoch = -1;
  for (const char c : name.substr(at + prefix.size()).substr(0, 9)) {
    if (c < '0' || c > '9') break;
    epoch = std::max<std::int64_t>(epoch, 0) * 10 + (c - '0');
  }
  return epoch < 0 ? std::nullopt : std::optional(epoch);
}

}  // namespace

std::optional<Claim> FindClaim(const Clues& clues) {
  if (const std::string label = Label(clues.file_name); !label.empty()) {
    return Claim{.variant = label, .reason = "its name says " + label, .label = true};
  }
  std::optional<std::int64_t> epoch = SnapshotEpoch(clues.file_name);
  if (!epoch) epoch = SnapshotEpoch(clues.root);
  if (!epoch) epoch = clues.epoch;
  for (const auto& [variant, published] : kPublishedEpochs) {
    if (epoch != published) continue;
    return Claim{.variant = std::string(variant),
                 .reason = "the published " + std::string(variant) + " is of epoch " +
                           std::to_string(published)};
  }
  return {};
}

}  // namespace cnp::convert
