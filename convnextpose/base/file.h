// Files: read-only mappings for large inputs, and writing that leaves nothing half done.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

#include "convnextpose/base/result.h"

namespace cnp {

/// A whole file mapped read-only. The mapping lives as long as the object; movable, not copyable.
/// A file that another process truncates while it is mapped raises SIGBUS, as with any mapping.
class MappedFile {
 public:
  /// Errors: missing, a folder, unreadable. An empty file maps to an empty span.
  static Result<MappedFile> Open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Writes `path.tmp.<pid>.<n>` beside `path`, flushes it to disk and renames it over `path`: a
/// reader sees the old file or the whole new one. On any error (unwritable folder, full disk) the
/// temporary file is removed, `path` is as it was, and the error names path, reason and cure.
/// A symbolic link is followed; a device or a pipe (/dev/stdout) is written to as it is.
Status WriteFileAtomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
Status WriteFileAtomically(const std::filesystem::path& path, std::string_view text);
/// The same for a file whose pieces lie apart, in this order.
Status WriteFileAtomically(const std::filesystem::path& path,
                           std::span<const std::span<const std::byte>> pieces);

/// Removes the temporary files of writes in progress; later writes fail. Async-signal-safe: for a
/// Ctrl-C handler, right before the process ends.
void RemoveUnfinishedFiles();

}  // namespace cnp
