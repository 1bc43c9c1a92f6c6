#include "convnextpose/checkpoint/folder.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "convnextpose/base/file.h"
#include "convnextpose/checkpoint/printable.h"

namespace cnp::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 2;  // <folder>/<root>/data/<key>
constexpr std::size_t kMaxFiles = 100000;

class FolderArchive : public Archive {
 public:
  FolderArchive(fs::path folder, std::vector<std::string> names, std::uint64_t stored_bytes)
      : folder_(std::move(folder)), names_(std::move(names)), stored_bytes_(stored_bytes) {}

  [[nodiscard]] std::string Form() const override { return "folder"; }
  [[nodiscard]] bool IsFolder() const override { return true; }
  [[nodiscard]] std::vector<std::string> Names() const override { return names_; }

  // Only listed names are opened, so that no name from a pickle leads out of the folder.
  [[nodiscard]] Result<Content> Read(const std::string& name) override {
    if (!std::binary_search(names_.begin(), names_.end(), name)) {
      return Error{Printable(name) + " is missing from the folder; unpack the archive again"};
    }
    CNP_ASSIGN(MappedFile file, MappedFile::Open(folder_ / name));
    auto owner = std::make_shared<MappedFile>(std::move(file));
    return Content{owner->bytes(), owner};
  }

  [[nodiscard]] std::uint64_t StoredBytes() const override { return stored_bytes_; }

 private:
  fs::path folder_;
  std::vector<std::string> names_;
  std::uint64_t stored_bytes_;
};

}  // namespace

Result<std::unique_ptr<Archive>> OpenFolder(const fs::path& folder) {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error); !error && it != fs::end(it);
       it.increment(error)) {
    std::error_code ignored;  // A file that cannot be examined is not one of a checkpoint's.
    if (it.depth() >= kMaxDepth) it.disable_recursion_pending();
    if (!it->is_regular_file(ignored)) continue;
    if (names.size() == kMaxFiles) return Error{"holds too many files for a checkpoint's folder"};
    names.push_back(it->path().lexically_relative(folder).generic_string());
    const std::uintmax_t size = it->file_size(ignored);
    if (!ignored) bytes += size;
  }
  if (error) return Error{"cannot list the folder: " + error.message()};
  std::sort(names.begin(), names.end());
  return std::unique_ptr<Archive>(std::make_unique<FolderArchive>(folder, std::move(names), bytes));
}

}  // namespace cnp::checkpoint
