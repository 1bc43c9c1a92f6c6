// Which datasets lie in a folder, and which parts of them: a subject of Human3.6M, a split of
// others.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/locate.h"
#include "convnextpose/datasets/open.h"

namespace cnp::cli {

/// Something that is read alone, and of which at least one file is there.
struct DatasetPart {
  std::string dataset;               ///< "human36m"
  std::string name;                  ///< "subject 9", "train"
  std::vector<std::string> missing;  ///< Files that belong to it and are nowhere.
  datasets::ReadOptions options;     ///< What reads it, all of it.
};

/// In the order of DatasetKinds. `dataset` empty: whatever is there; one's own files only where
/// nothing else is. Empty: nothing is there.
std::vector<DatasetPart> FindParts(datasets::Folders& folders, const std::string& dataset);

/// `dataset`, or the one that is in the folder. Errors: an unknown name, none, several (the cure:
/// --dataset).
Result<std::string> DatasetIn(const std::filesystem::path& dir, const std::string& dataset);

/// What --dataset takes.
std::vector<std::string> DatasetNames();

/// What the folder of a dataset must hold, one line a dataset.
std::string ExpectedFiles();

}  // namespace cnp::cli
