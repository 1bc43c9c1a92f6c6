// What `dataset check` finds, as data: filled by Check, printed as text or JSON.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "apps/cli/dataset_parts.h"
#include "convnextpose/datasets/dataset.h"

namespace cnp::cli {

struct CheckOptions {
  std::string dir;
  std::string dataset;        ///< Empty: whatever is there.
  bool all_pictures = false;  ///< Decode all, not some.
  int subsample = 0;          ///< Human3.6M: pictures of every n-th frame; 0: those that are read.
};

/// Pictures of which something is wrong.
struct PictureReport {
  std::size_t wanted = 0;
  std::size_t decoded = 0;  ///< How many were looked into.
  datasets::Problems missing;
  datasets::Problems broken;  ///< Not decoded, or of another size than the annotations say.
};

struct PartReport {
  DatasetPart part;
  std::string error;  ///< Why it cannot be read at all.
  std::size_t people = 0;
  std::size_t by_rule = 0;      ///< People whom the dataset's own rule skips: as it should be.
  datasets::Problems left_out;  ///< Broken annotations.
  std::filesystem::path images;
  PictureReport pictures;

  /// Can it be evaluated, and rightly? Broken annotations are left out of it, and warned of.
  [[nodiscard]] bool fine() const;
  /// What to do; empty where it is fine.
  [[nodiscard]] std::vector<std::string> Cures() const;
  /// What a reader should know of what is fine nevertheless.
  [[nodiscard]] std::vector<std::string> Warnings() const;
};

struct CheckReport {
  std::string dir;
  std::string looked_in;
  std::vector<std::string> archives;  ///< Not unpacked yet, perhaps.
  std::vector<PartReport> parts;

  [[nodiscard]] bool fine() const;
  /// What Human3.6M's protocols find here: "protocol 1: test yes, training lacks subjects 1, 5".
  [[nodiscard]] std::vector<std::string> Protocols() const;
};

/// Errors: no such folder.
Result<CheckReport> Check(const CheckOptions& options);

std::string ToText(const CheckReport& report);
std::string ToJson(const CheckReport& report);

}  // namespace cnp::cli
