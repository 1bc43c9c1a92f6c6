#include "convnextpose/train/picture_files.h"

#include <string>

#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"

namespace cnp::train {

Result<image::Image> PictureFiles::Load(const std::filesystem::path& path) {
  const std::string name = path.string();
  if (const Bytes* kept = Find(name)) return image::Decode(*kept, name);
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  Keep(name, file.bytes());
  return image::Decode(file.bytes(), name);
}

std::int64_t PictureFiles::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

const PictureFiles::Bytes* PictureFiles::Find(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

void PictureFiles::Keep(const std::string& path, std::span<const std::byte> file) {
  const auto size = static_cast<std::int64_t>(file.size());
  const std::scoped_lock lock(mutex_);
  if (bytes_ + size > max_bytes_) return;
  if (files_.try_emplace(path, file.begin(), file.end()).second) bytes_ += size;
}

}  // namespace cnp::train
