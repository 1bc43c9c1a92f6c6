#include "apps/cli/eval_journal.h"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::json;

std::string Header(const std::string& run) {
  return Json{{"convnextpose_eval_journal", 1}, {"run", run}}.dump();
}

constexpr std::string_view kSuffix = ".partial";

// Those of all members that there are.
std::vector<std::filesystem::path> Journals(const std::filesystem::path& output) {
  const std::filesystem::path first = Journal::PathOf(output, 0);
  const std::filesystem::path folder =
      first.has_parent_path() ? first.parent_path() : std::filesystem::path(".");
  std::vector<std::filesystem::path> paths;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    const std::string begin = first.filename().string();
    const bool numbered =
        name.starts_with(begin + ".") &&
        name.find_first_not_of("0123456789", begin.size() + 1) == std::string::npos;
    if (name == begin || numbered) paths.push_back(at->path());
  }
  return paths;
}

// The lines behind the header, as far as they are whole.
Result<std::string> Lines(const std::filesystem::path& path, const std::string& header) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  if (text.starts_with(header)) {
    return std::string(text.substr(header.size(), text.rfind('\n') + 1 - header.size()));
  }
  return Error{path.string() +
               ": was begun with other weights, data or settings: repeat the command that began "
               "it, or leave --resume out"};
}

}  // namespace

std::string AnswerLine(std::size_t sample, std::int64_t annotation_id,
                       std::span<const pose::Vec3> heatmap) {
  Json cells = Json::array();
  for (const pose::Vec3& joint : heatmap) {
    for (const double value : joint) cells.push_back(value);
  }
  return Json{{"sample", sample}, {"annotation", annotation_id}, {"cells", std::move(cells)}}
      .dump();
}

bool TakeAnswerLine(std::string_view text, const std::vector<datasets::Sample>& samples, int joints,
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

std::filesystem::path Journal::PathOf(const std::filesystem::path& output, int rank) {
  std::string path = output.string() + std::string(kSuffix);
  if (rank > 0) path += "." + std::to_string(rank);
  return path;
}

Status Journal::ReadAll(const std::filesystem::path& output, const std::string& run,
                        const std::vector<datasets::Sample>& samples, int joints,
                        Answers& answers) {
  for (const std::filesystem::path& path : Journals(output)) {
    CNP_ASSIGN(const std::string lines, Lines(path, Header(run) + "\n"));
    std::string_view rest = lines;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (!TakeAnswerLine(rest.substr(0, end), samples, joints, answers)) {
        return Error{path.string() + ": is damaged; remove it, and leave --resume out"};
      }
      rest.remove_prefix(end + 1);
    }
  }
  return {};
}

void Journal::RemoveAll(const std::filesystem::path& output) {
  std::error_code ignored;
  for (const std::filesystem::path& path : Journals(output)) std::filesystem::remove(path, ignored);
}

Result<Journal> Journal::Open(const std::filesystem::path& path, const std::string& run,
                              bool resume) {
  Journal journal;
  journal.path_ = path;
  const std::string header = Header(run) + "\n";
  std::error_code error;
  const bool goes_on = resume && std::filesystem::exists(path, error);
  if (goes_on) {
    CNP_ASSIGN(const std::string lines, Lines(path, header));
    // A line that was cut off is done again.
    std::filesystem::resize_file(path, header.size() + lines.size(), error);
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
  return Write(AnswerLine(sample, annotation_id, heatmap) + "\n");
}

Status Journal::Write(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() &&
      std::fflush(file_.get()) == 0) {
    return {};
  }
  return Error{path_.string() + ": cannot write: " + std::strerror(errno)};
}

}  // namespace cnp::cli
