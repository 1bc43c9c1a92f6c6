// Where a dataset's files are below a folder that somebody unpacked by hand.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"

namespace cnp::datasets {

/// A folder and those below it, the nearest first, looked into as far as needed: kMostLevels deep,
/// kMostEntries in all. Links are followed no further than that. What cannot be read is passed
/// over.
class Folders {
 public:
  static constexpr std::size_t kMostLevels = 4;
  static constexpr std::size_t kMostEntries = 200'000;

  /// Of annotations/ or images/ the folder above is meant. Error: missing, or no folder.
  static Result<Folders> Open(const std::filesystem::path& dir);

  /// The nearest folder below which `path` exists (a file, or a path of several parts).
  std::optional<std::filesystem::path> FolderOf(const std::filesystem::path& path);
  /// Full paths of the files of the nearest folder that has any whose name begins and ends so.
  std::vector<std::filesystem::path> Matching(const std::string& begin, const std::string& end);

  [[nodiscard]] const std::filesystem::path& root() const { return root_; }
  /// "DIR and 12 folders below it".
  [[nodiscard]] std::string LookedIn() const;

 private:
  const std::vector<std::filesystem::path>* Level(std::size_t level);
  void AddBelow(const std::filesystem::path& folder, std::vector<std::filesystem::path>& level);

  std::filesystem::path root_;
  std::vector<std::vector<std::filesystem::path>> levels_;
  std::size_t entries_ = 0;
};

/// The path of `name`, which must exist. The error says where it was looked for, and `cure`.
Result<std::filesystem::path> FindFile(Folders& folders, const std::string& name,
                                       const std::string& cure);

/// The folder below which pictures lie whose annotations are in the file `annotations`: near it, or
/// anywhere in `folders`. A picture may be missing, so several are tried. Where none is there at
/// all, where they should be: images/ beside the annotations.
std::filesystem::path FindPictures(Folders& folders, const std::filesystem::path& annotations,
                                   const std::vector<std::string>& pictures);

/// The folder that holds annotations/ (or the file itself, where it lies in none).
std::filesystem::path RootOf(const std::filesystem::path& annotations);

}  // namespace cnp::datasets
