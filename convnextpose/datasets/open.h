// Any known dataset by its name.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

struct DatasetKind {
  std::string_view name;  ///< What OpenDataset takes.
  std::string_view title;
  Result<Dataset> (*read)(const std::filesystem::path& dir, const ReadOptions& options);
};

/// Every known one.
std::span<const DatasetKind> DatasetKinds();

/// `dir`: the folder that holds annotations/ and images/, or one above it (locate.h). Errors: an
/// unknown name (the error lists them), those of the reader. A dataset without one usable sample is
/// not an error.
Result<Dataset> OpenDataset(std::string_view name, const std::filesystem::path& dir,
                            const ReadOptions& options = {});

}  // namespace cnp::datasets
