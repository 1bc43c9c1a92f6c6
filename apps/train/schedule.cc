#include "apps/train/schedule.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "convnextpose/base/check.h"
#include "convnextpose/model/spec.h"

namespace cnp::train_app {
namespace {

constexpr std::int64_t kUsualEpochs = 70;
constexpr int kLargestInput = 4096;
constexpr int kMostEpochs = 1'000'000;

std::optional<int> ParseNumber(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > most) return std::nullopt;
  return value;
}

// "128:30", or "128" for as long as it takes, which `epochs` 0 stands for.
struct Entry {
  int input = 0;
  int epochs = 0;
};

std::optional<Entry> ParseEntry(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::optional<int> input = ParseNumber(text.substr(0, colon), kLargestInput);
  if (!input || *input % model::kBackboneStride != 0) return std::nullopt;
  if (colon == std::string_view::npos) return Entry{*input, 0};
  const std::optional<int> epochs = ParseNumber(text.substr(colon + 1), kMostEpochs);
  if (!epochs) return std::nullopt;
  return Entry{*input, *epochs};
}

Result<std::vector<Entry>> ParseEntries(const std::string& text) {
  const Error error{fmt::format(
      "--input '{}': give a size as 256, or sizes with their epochs as 192:30,256:25; sizes "
      "are multiples of {}",
      text, model::kBackboneStride)};
  std::vector<Entry> entries;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::optional<Entry> entry = ParseEntry(rest.substr(0, comma));
    if (!entry) return error;
    entries.push_back(*entry);
    if (comma == std::string_view::npos) return entries;
    if (entry->epochs == 0) return error;  // Only the last may go on for ever.
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::vector<Phase>> ParseSchedule(const std::string& text, std::int64_t epochs) {
  CNP_ASSIGN(const std::vector<Entry> entries, ParseEntries(text));
  std::vector<Phase> phases;
  std::int64_t end = 0;
  for (const Entry& entry : entries) {
    phases.push_back({entry.input, end, end + entry.epochs});
    end += entry.epochs;
  }
  const bool open = entries.back().epochs == 0;
  const std::int64_t wanted = epochs > 0 ? epochs : open ? std::max(kUsualEpochs, end + 1) : end;
  if (wanted < end || (open && wanted == end)) {
    return Error{
        fmt::format("--input '{}' has {} epochs, --epochs {}: give one of them, or more "
                    "of the other",
                    text, end, wanted)};
  }
  phases.back().end = wanted;
  return phases;
}

const Phase& PhaseOf(const std::vector<Phase>& phases, std::int64_t epoch) {
  CNP_CHECK(!phases.empty(), "a run has phases");
  for (const Phase& phase : phases) {
    if (epoch < phase.end) return phase;
  }
  return phases.back();
}

double WorkLeft(const std::vector<Phase>& phases, std::int64_t steps_per_epoch, std::int64_t step) {
  double work = 0;
  for (const Phase& phase : phases) {
    const std::int64_t from = std::max(step, phase.begin * steps_per_epoch);
    const std::int64_t steps = std::max<std::int64_t>(0, phase.end * steps_per_epoch - from);
    work += static_cast<double>(steps) * phase.input * phase.input;
  }
  return work;
}

}  // namespace cnp::train_app
