#include "apps/cli/eval_journal.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::json;

std::string Header(const std::string& run) {
  return Json{{"convnextpose_eval_journal", 1}, {"run", run}}.dump();
}

std::string Line(std::size_t sample, std::int64_t annotation_id,
                 std::span<const pose::Vec3> heatmap) {
  Json cells = Json::array();
  for (const pose::Vec3& joint : heatmap) {
    for (const double value : joint) cells.push_back(value);
  }
  return Json{{"sample", sample}, {"annotation", annotation_id}, {"cells", std::move(cells)}}
      .dump();
}

// Takes one line into `answers`; false: it is not one that this run wrote.
bool TakeLine(std::string_view text, const std::vector<datasets::Sample>& samples, int joints,
              Answers& answers) {
  const Json line = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object() || !line.contains("sample") || !line["sample"].is_number_unsigned() ||
      !line.contains("annotation") || !line["annotation"].is_number_integer() ||
      !line.contains("cells") || !line["cells"].is_array()) {
    return false;
  }
  const auto sample = line["sample"].get<std::size_t>();
  const Json& cells = line["cells"];
  if (sample >= samples.size() || line["annotation"] != samples[sample].annotation_id ||
      cells.size() != static_cast<std::size_t>(joints) * 3) {
    return false;
  }
  std::vector<pose::Vec3> heatmap(joints);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].is_number()) return false;
    heatmap[i / 3][i % 3] = cells[i].get<double>();
  }
  answers[sample] = std::move(heatmap);
  return true;
}

// Whole lines of `text` that this run wrote, from the first on: how many bytes they are.
std::size_t TakeLines(std::string_view text, const std::vector<datasets::Sample>& samples,
                      int joints, Answers& answers) {
  std::size_t good = 0;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', good)) {
    if (!TakeLine(text.substr(good, end - good), samples, joints, answers)) break;
    good = end + 1;
  }
  return good;
}

}  // namespace

Result<Journal> Journal::Open(const std::filesystem::path& path, const std::string& run,
                              bool resume, const std::vector<datasets::Sample>& samples, int joints,
                              Answers& answers) {
  Journal journal;
  journal.path_ = path;
  const std::string header = Header(run) + "\n";
  std::error_code error;
  const bool goes_on = resume && std::filesystem::exists(path, error);
  if (goes_on) {
    std::size_t good = 0;
    {
      CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
      const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                                  file.bytes().size());
      if (!text.starts_with(header)) {
        return Error{path.string() +
                     ": was begun with other weights, data or settings: repeat the command that "
                     "began it, or leave --resume out"};
      }
      good = header.size() + TakeLines(text.substr(header.size()), samples, joints, answers);
    }
    // A line that was cut off is done again.
    std::filesystem::resize_file(path, good, error);
    if (error) return Error{path.string() + ": cannot go on in it: " + error.message()};
  }
  journal.file_.reset(std::fopen(path.c_str(), goes_on ? "ab" : "wb"));
  if (!journal.file_) {
    return Error{path.string() + ": cannot write: " + std::strerror(errno) +
                 "; the work in progress is kept beside --json's file"};
  }
  if (!goes_on) CNP_RETURN_IF_ERROR(journal.Write(header));
  return journal;
}

Status Journal::Add(std::size_t sample, std::int64_t annotation_id,
                    std::span<const pose::Vec3> heatmap) {
  return Write(Line(sample, annotation_id, heatmap) + "\n");
}

Status Journal::Write(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
      std::fflush(file_.get()) == 0) {
    return {};
  }
  return Error{path_.string() + ": cannot write: " + std::strerror(errno)};
}

void Journal::Remove() {
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace cnp::cli
