#include "convnextpose/datasets/locate.h"

#include <algorithm>
#include <system_error>

namespace cnp::datasets {
namespace {

namespace fs = std::filesystem;

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string Name(const fs::path& folder) { return folder.filename().string(); }

}  // namespace

Result<Folders> Folders::Open(const fs::path& dir) {
  std::error_code error;
  fs::path root = fs::absolute(dir, error).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();  // "DIR/"
  if (!fs::exists(root, error)) {
    return Error{dir.string() + ": no such folder; give the one that holds the dataset"};
  }
  if (!fs::is_directory(root, error)) return Error{dir.string() + ": not a folder"};
  if (Name(root) == "annotations" || Name(root) == "images") root = root.parent_path();
  Folders folders;
  folders.root_ = root;
  folders.levels_.push_back({root});
  return folders;
}

void Folders::AddBelow(const fs::path& folder, std::vector<fs::path>& level) {
  std::error_code error;
  const std::size_t begin = level.size();
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (++entries_ > kMostEntries) break;
    std::error_code ignored;
    if (entry->is_directory(ignored)) level.push_back(entry->path());
  }
  std::sort(level.begin() + static_cast<std::ptrdiff_t>(begin), level.end());
}

const std::vector<fs::path>* Folders::Level(std::size_t level) {
  while (levels_.size() <= level) {
    std::vector<fs::path> next;
    for (const fs::path& folder : levels_.back()) AddBelow(folder, next);
    levels_.push_back(std::move(next));
  }
  return levels_[level].empty() ? nullptr : &levels_[level];
}

std::optional<fs::path> Folders::FolderOf(const fs::path& path) {
  for (std::size_t level = 0; level <= kMostLevels; ++level) {
    const std::vector<fs::path>* folders = Level(level);
    if (folders == nullptr) break;
    for (const fs::path& folder : *folders) {
      if (Exists(folder / path)) return folder;
    }
  }
  return std::nullopt;
}

std::vector<fs::path> Folders::Matching(const std::string& begin, const std::string& end) {
  std::vector<fs::path> found;
  for (std::size_t level = 0; level <= kMostLevels; ++level) {
    const std::vector<fs::path>* folders = Level(level);
    if (folders == nullptr) break;
    for (const fs::path& folder : *folders) {
      std::error_code error;
      for (fs::directory_iterator entry(folder, error), last; !error && entry != last;
           entry.increment(error)) {
        if (++entries_ > kMostEntries) break;
        const std::string name = Name(entry->path());
        std::error_code ignored;
        if (name.starts_with(begin) && name.ends_with(end) && entry->is_regular_file(ignored)) {
          found.push_back(entry->path());
        }
      }
      std::ranges::sort(found);
      if (!found.empty()) return found;
    }
  }
  return found;
}

std::string Folders::LookedIn() const {
  std::size_t below = 0;
  for (std::size_t level = 1; level < levels_.size(); ++level) below += levels_[level].size();
  std::string text = root_.string();
  if (below > 0) {
    text += " and " + std::to_string(below) + (below == 1 ? " folder" : " folders") + " below it";
  }
  if (entries_ > kMostEntries) text += " (there are more: give a folder nearer to it)";
  return text;
}

Result<fs::path> FindFile(Folders& folders, const std::string& name, const std::string& cure) {
  const std::optional<fs::path> folder = folders.FolderOf(name);
  if (folder) return *folder / name;
  return Error{name + ": not found in " + folders.LookedIn() + "; " + cure};
}

fs::path RootOf(const fs::path& annotations) {
  const fs::path folder = annotations.parent_path();
  return Name(folder) == "annotations" ? folder.parent_path() : folder;
}

fs::path FindPictures(Folders& folders, const fs::path& annotations,
                      const std::vector<std::string>& pictures) {
  const fs::path root = RootOf(annotations);
  Result<Folders> near = Folders::Open(root);
  for (const std::string& picture : pictures) {
    if (near.ok()) {
      if (const auto folder = near->FolderOf(picture)) return *folder;
    }
    if (const auto folder = folders.FolderOf(picture)) return *folder;
  }
  return root / "images";
}

}  // namespace cnp::datasets
