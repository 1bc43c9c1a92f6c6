// Text for people on a terminal: colours where they are welcome, tables that line up.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cnp::cli {

enum class Colour { kNone, kBold, kDim, kRed, kGreen, kYellow };

/// `text` in a colour if standard output is a terminal and NO_COLOR is unset or empty.
std::string Paint(Colour colour, std::string_view text);

/// Cells in the columns on a terminal, counted in UTF-8 characters.
std::size_t Width(std::string_view text);

/// Rows of cells, two spaces apart. The first row given to the constructor is the header.
class Table {
 public:
  /// A header that begins with '>' makes its column align right.
  explicit Table(const std::vector<std::string>& header);

  /// As many cells as the header has.
  void Add(std::vector<std::string> row);
  /// Lines that end in a newline, each after `indent` spaces; the header is dim.
  [[nodiscard]] std::string Text(int indent = 0) const;

 private:
  [[nodiscard]] std::string Line(const std::vector<std::string>& row,
                                 const std::vector<std::size_t>& widths) const;
  std::vector<std::string> header_;
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

/// 3528008 as "3,528,008".
std::string Thousands(long long number);
/// "13.5 MB".
std::string Bytes(double bytes);

}  // namespace cnp::cli
