// Something that holds named files: a zip, a tar or a folder on disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/byte_reader.h"

namespace cnp::checkpoint {

/// Bytes, and what keeps them alive; no owner when they lie in what the archive was opened on.
struct Content {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};

/// Not thread-safe.
class Archive {
 public:
  Archive() = default;
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
  virtual ~Archive() = default;

  /// For people: "zip archive (stored)".
  [[nodiscard]] virtual std::string Form() const = 0;
  /// Of the regular files, unique, parts joined by '/', in the archive's order.
  [[nodiscard]] virtual std::vector<std::string> Names() const = 0;
  /// One file, its checksum verified where there is one. Errors name the file.
  [[nodiscard]] virtual Result<Content> Read(const std::string& name) = 0;
  /// True for a folder on disk, false for one file that packs the others.
  [[nodiscard]] virtual bool IsFolder() const { return false; }
  /// Bytes of all files as they are stored.
  [[nodiscard]] virtual std::uint64_t StoredBytes() const = 0;
};

}  // namespace cnp::checkpoint
