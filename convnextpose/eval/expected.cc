#include "convnextpose/eval/expected.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace cnp::eval {
namespace {

constexpr std::string_view kProtocol1 = "pa_mpjpe_rigid_mm";
constexpr std::string_view kProtocol2 = "mpjpe_mm";
constexpr std::array<Expected, 6> kTable = {{{"XS", 2, kProtocol2, 56.61},
                                             {"S", 2, kProtocol2, 51.80},
                                             {"M", 2, kProtocol2, 51.05},
                                             {"L", 2, kProtocol2, 49.75},
                                             {"M", 1, kProtocol1, 34.5},
                                             {"L", 1, kProtocol1, 32.8}}};
constexpr int kSubsample = 64;

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

void Compare(const std::optional<bool>& is, bool should, const std::string& what,
             std::vector<std::string>& deviations) {
  if (!is) {
    deviations.push_back(what + " not known");
  } else if (*is != should) {
    deviations.push_back(what + (*is ? " on" : " off"));
  }
}

}  // namespace

std::span<const Expected> ExpectedTable() { return kTable; }

std::optional<Expected> FindExpected(const Evaluation& evaluation) {
  if (evaluation.dataset != "human36m") return std::nullopt;
  const std::string variant = Upper(evaluation.model.variant);
  for (const Expected& row : kTable) {
    if (row.variant == variant && row.protocol == evaluation.protocol) return row;
  }
  return std::nullopt;
}

std::vector<std::string> Deviations(const Evaluation& evaluation) {
  const Settings& settings = evaluation.settings;
  std::vector<std::string> deviations;
  Compare(settings.flip_test, true, "flip test", deviations);
  if (settings.assumed_camera.value_or(false)) deviations.emplace_back("intrinsics assumed");
  if (!evaluation.split.empty() && evaluation.split != "test") {
    deviations.push_back("split " + evaluation.split);
  }
  if (settings.subsample && *settings.subsample != kSubsample) {
    deviations.push_back("every " + std::to_string(*settings.subsample) + "th frame");
  }
  // A file of boxes may be the authors' own, which are the labelled ones.
  if (settings.boxes != "labelled") {
    deviations.push_back(settings.boxes.empty() ? "boxes not known" : "boxes: " + settings.boxes);
  }
  if (settings.roots != "labelled" && settings.roots != settings.boxes) {
    deviations.push_back(settings.roots.empty() ? "roots not known" : "roots: " + settings.roots);
  }
  if (evaluation.left_out.count > 0) {
    deviations.push_back(std::to_string(evaluation.left_out.count) + " people left out");
  }
  return deviations;
}

}  // namespace cnp::eval
