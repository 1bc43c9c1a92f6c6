// What an evaluation has done so far, on disk: a run that is cut off loses no picture.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/pose/vec.h"

namespace cnp::cli {

/// Heatmap cells by joint; empty where the sample is still to be done.
using Answers = std::vector<std::vector<pose::Vec3>>;

/// A text file with a line a sample, flushed as it is written. Not thread-safe.
class Journal {
 public:
  /// Opens `path` for the run that `run` describes (any text): a journal of another run is an
  /// error. `resume`: goes on behind its last whole line, and fills `answers` with what it holds;
  /// else begins anew. Precondition: answers.size() == samples.size().
  static Result<Journal> Open(const std::filesystem::path& path, const std::string& run,
                              bool resume, const std::vector<datasets::Sample>& samples, int joints,
                              Answers& answers);

  Status Add(std::size_t sample, std::int64_t annotation_id, std::span<const pose::Vec3> heatmap);
  /// The run is complete: the file is of no more use.
  void Remove();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Status Write(const std::string& line);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace cnp::cli
