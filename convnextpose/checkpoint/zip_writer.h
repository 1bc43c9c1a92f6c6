// Writes a zip archive of stored entries, each 64-byte aligned, as torch.save lays it out.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/byte_reader.h"

namespace cnp::checkpoint {

class ZipWriter {
 public:
  /// Sizes and offsets above `zip64_above` are written as zip64; a test may lower it.
  explicit ZipWriter(std::uint64_t zip64_above = 0xFFFFFFFE) : zip64_above_(zip64_above) {}

  /// `name` is ASCII and not yet taken; `data` must live until Write.
  void Add(const std::string& name, Bytes data);

  /// Writes the archive at once and atomically. Errors: those of WriteFileAtomically.
  Status Write(const std::filesystem::path& path);

 private:
  void AppendRecord(std::string record);
  void AppendCentralHeader(const std::string& name, Bytes data, std::uint32_t crc,
                           std::uint64_t header_offset);
  [[nodiscard]] std::string EndRecords() const;

  std::uint64_t zip64_above_;
  std::uint64_t size_ = 0;  // Of what stands before the directory.
  std::uint64_t entries_ = 0;
  std::string directory_;
  std::deque<std::string> records_;  // Local headers; a deque keeps their bytes in place.
  std::vector<Bytes> pieces_;        // The file: records and data.
};

}  // namespace cnp::checkpoint
