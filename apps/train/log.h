// log.csv: what happened, a line at a time, so that a run that is cut off loses none.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/train/validation.h"
#include "convnextpose/base/result.h"

namespace cnp::train_app {

/// Means over the steps since the line before, or a judgement.
struct LogRow {
  std::int64_t step = 0;  ///< Steps done.
  double epoch = 0;       ///< Epochs done.
  int input = 0;          ///< Pixels along a side.
  double seconds = 0;     ///< Since the run began, over all its parts.
  double rate = 0;        ///< Of learning.
  double loss = 0;
  double error_xy = 0;  ///< Cells.
  double error_z = 0;
  double pictures_per_s = 0;
  std::optional<Judgement> judgement;  ///< Then the five above are nothing.
};

std::string ToCsv(const LogRow& row);
/// The inverse; nothing: not a line of a log.
std::optional<LogRow> ParseRow(const std::string& line);

class Log {
 public:
  /// Goes on behind step `step`: what the log has of later ones will happen again. A log that is
  /// missing begins anew. Errors: it cannot be written.
  static Result<Log> Open(const std::filesystem::path& path, std::int64_t step);

  Status Add(LogRow row);
  [[nodiscard]] const std::vector<LogRow>& rows() const { return rows_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  std::vector<LogRow> rows_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace cnp::train_app
