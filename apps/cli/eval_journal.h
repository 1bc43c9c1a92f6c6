// What an evaluation has done so far, on disk: a run that is cut off loses no picture.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/pose/vec.h"

namespace cnp::cli {

/// Heatmap cells by joint; empty where the sample is still to be done.
using Answers = std::vector<std::vector<pose::Vec3>>;

/// One answer as a line of text, without the line's end.
std::string AnswerLine(std::size_t sample, std::int64_t annotation_id,
                       std::span<const pose::Vec3> heatmap);
/// The inverse, into `answers`; false: it is not a line of these samples.
bool TakeAnswerLine(std::string_view line, const std::vector<datasets::Sample>& samples, int joints,
                    Answers& answers);

/// A text file with a line a sample, flushed as it is written. Not thread-safe.
class Journal {
 public:
  /// Where the member `rank` of a team keeps its own.
  static std::filesystem::path PathOf(const std::filesystem::path& output, int rank);
  /// What all members of an earlier run, however many, had done; the same errors as Open.
  static Status ReadAll(const std::filesystem::path& output, const std::string& run,
                        const std::vector<datasets::Sample>& samples, int joints, Answers& answers);
  /// Of all members, this run's or another's.
  static void RemoveAll(const std::filesystem::path& output);

  /// Opens `path` for the run that `run` describes (any text): a journal of another run is an
  /// error. `resume`: goes on behind its last whole line; else begins anew.
  static Result<Journal> Open(const std::filesystem::path& path, const std::string& run,
                              bool resume);

  Status Add(std::size_t sample, std::int64_t annotation_id, std::span<const pose::Vec3> heatmap);

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Status Write(const std::string& line);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace cnp::cli
