// Picture files, kept in memory as they are on disk as far as a bound allows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"

namespace cnp::train {

/// Thread-safe. What does not fit any more is read from disk each time.
class PictureFiles {
 public:
  explicit PictureFiles(std::int64_t max_bytes) : max_bytes_(max_bytes) {}

  /// The picture of `path`, decoded. Errors: those of image::Load.
  Result<image::Image> Load(const std::filesystem::path& path);

  [[nodiscard]] std::int64_t bytes() const;

 private:
  using Bytes = std::vector<std::byte>;
  const Bytes* Find(const std::string& path) const;
  void Keep(const std::string& path, std::span<const std::byte> file);

  const std::int64_t max_bytes_;
  mutable std::mutex mutex_;
  std::int64_t bytes_ = 0;
  std::unordered_map<std::string, Bytes> files_;  // Entries never move, and never go.
};

}  // namespace cnp::train
