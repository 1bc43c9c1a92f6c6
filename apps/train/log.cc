#include "apps/train/log.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "convnextpose/base/file.h"

namespace cnp::train_app {
namespace {

constexpr const char* kHeader =
    "step,epoch,input,seconds,rate,loss,error_xy_cells,error_z_cells,pictures_per_s,set,samples,"
    "mpjpe_mm,pa_mpjpe_mm,within_5,within_10,within_20\n";
constexpr std::size_t kColumns = 16;

std::string Cell(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value) : ""; }

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back() += c;
    }
  }
  return cells;
}

double Number(const std::string& cell) {
  return cell.empty() ? eval::kUnknown : std::strtod(cell.c_str(), nullptr);
}

std::vector<LogRow> ReadRows(const std::filesystem::path& path, std::int64_t step) {
  std::vector<LogRow> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::optional<LogRow> row = ParseRow(line);
    if (row && row->step <= step) rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace

std::string ToCsv(const LogRow& row) {
  std::string line =
      fmt::format("{},{:.4f},{},{:.1f},", row.step, row.epoch, row.input, row.seconds);
  if (!row.judgement) {
    return line + fmt::format("{:.6g},{:.6g},{:.6g},{:.6g},{:.5g},,,,,,,\n", row.rate, row.loss,
                              row.error_xy, row.error_z, row.pictures_per_s);
  }
  const Judgement& judgement = *row.judgement;
  return line + fmt::format(",,,,,{},{},{},{},{},{},{}\n", judgement.set, judgement.samples,
                            Cell(judgement.mpjpe_mm), Cell(judgement.pa_mpjpe_mm),
                            Cell(judgement.within_5), Cell(judgement.within_10),
                            Cell(judgement.within_20));
}

std::optional<LogRow> ParseRow(const std::string& line) {
  const std::vector<std::string> cells = Split(line);
  if (cells.size() != kColumns || cells[0].empty() || cells[0][0] < '0' || cells[0][0] > '9') {
    return std::nullopt;
  }
  std::array<double, kColumns> number{};
  for (std::size_t i = 0; i < kColumns; ++i) number[i] = Number(cells[i]);
  LogRow row{.step = std::atoll(cells[0].c_str()),
             .epoch = number[1],
             .input = std::atoi(cells[2].c_str()),
             .seconds = number[3]};
  if (cells[9].empty()) {
    row.rate = number[4];
    row.loss = number[5];
    row.error_xy = number[6];
    row.error_z = number[7];
    row.pictures_per_s = number[8];
    return row;
  }
  row.judgement = Judgement{.set = cells[9],
                            .samples = std::strtoull(cells[10].c_str(), nullptr, 10),
                            .mpjpe_mm = number[11],
                            .pa_mpjpe_mm = number[12],
                            .within_5 = number[13],
                            .within_10 = number[14],
                            .within_20 = number[15]};
  return row;
}

Result<Log> Log::Open(const std::filesystem::path& path, std::int64_t step) {
  Log log;
  log.path_ = path;
  log.rows_ = ReadRows(path, step);
  std::string text = kHeader;
  for (const LogRow& row : log.rows_) text += ToCsv(row);
  CNP_RETURN_IF_ERROR(WriteFileAtomically(path, text));
  log.file_.reset(std::fopen(path.c_str(), "a"));
  if (log.file_ == nullptr) return Error{path.string() + ": cannot be written; give another --out"};
  return log;
}

Status Log::Add(LogRow row) {
  const std::string line = ToCsv(row);
  rows_.push_back(std::move(row));
  if (std::fputs(line.c_str(), file_.get()) >= 0 && std::fflush(file_.get()) == 0) return {};
  return Error{path_.string() + ": cannot be written; is the disk full?"};
}

}  // namespace cnp::train_app
