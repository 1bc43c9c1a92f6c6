#include "apps/cli/terminal.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "convnextpose/base/check.h"

namespace cnp::cli {
namespace {

// ANSI codes, in the order of Colour.
constexpr std::array<std::string_view, 6> kCodes = {"0", "1", "2", "31", "32", "33"};
constexpr std::array<std::string_view, 4> kUnits = {"bytes", "kB", "MB", "GB"};

bool ColoursWelcome() {
  static const bool welcome = [] {
    const char* no_colour = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe)
    return ::isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
  }();
  return welcome;
}

}  // namespace

std::string Paint(Colour colour, std::string_view text) {
  if (colour == Colour::kNone || !ColoursWelcome()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(colour)], text);
}

std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

Table::Table(const std::vector<std::string>& header) {
  for (const std::string& title : header) {
    right_.push_back(title.starts_with('>'));
    header_.push_back(right_.back() ? title.substr(1) : title);
  }
}

void Table::Add(std::vector<std::string> row) {
  CNP_CHECK(row.size() == header_.size(), "a row has as many cells as the header");
  rows_.push_back(std::move(row));
}

std::string Table::Line(const std::vector<std::string>& row,
                        const std::vector<std::size_t>& widths) const {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string padding(widths[i] - Width(row[i]), ' ');
    line += (i == 0 ? "" : "  ") + (right_[i] ? padding + row[i] : row[i] + padding);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string Table::Text(int indent) const {
  std::vector<std::size_t> widths;
  for (const std::string& title : header_) widths.push_back(Width(title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string text = margin + Paint(Colour::kDim, Line(header_, widths)) + "\n";
  for (const auto& row : rows_) text += margin + Line(row, widths) + "\n";
  return text;
}

std::string Thousands(long long number) {
  std::string digits = std::to_string(number);
  const std::size_t sign = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string Bytes(double bytes) {
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 99.95 ? 0 : 1, kUnits[unit]);
}

}  // namespace cnp::cli
