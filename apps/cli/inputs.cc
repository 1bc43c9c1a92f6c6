#include "apps/cli/inputs.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "convnextpose/image/decode.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStdinBytes = std::size_t{512} << 20;

bool LooksLikePicture(const fs::path& path) {
  static const std::set<std::string> extensions = {".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extensions.contains(extension);
}

Result<std::vector<std::string>> PicturesIn(const std::string& folder) {
  std::vector<std::string> pictures;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_regular_file(error) && LooksLikePicture(it->path())) {
      pictures.push_back(it->path().string());
    }
  }
  if (error) return Error{folder + ": cannot read the folder: " + error.message()};
  if (pictures.empty()) {
    return Error{folder + ": no pictures in this folder (.jpg, .png, .webp, .bmp); " +
                 "folders within it are not searched"};
  }
  std::sort(pictures.begin(), pictures.end());
  return pictures;
}

// photo.jpg and photo.png would both write photo.json: the second becomes photo-2.
std::string UniqueStem(const std::string& path, std::set<std::string>& taken) {
  const std::string stem = path == "-" ? "stdin" : fs::path(path).stem().string();
  std::string unique = stem;
  for (int n = 2; !taken.insert(unique).second; ++n) unique = stem + "-" + std::to_string(n);
  return unique;
}

Result<std::vector<std::byte>> ReadStdin() {
  std::vector<std::byte> bytes;
  std::array<std::byte, 65536> chunk{};
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), stdin)) {
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(count));
    if (bytes.size() > kMaxStdinBytes) return Error{"stdin: more than 512 MB, not a picture"};
  }
  return bytes;
}

}  // namespace

std::vector<Result<Input>> ExpandInputs(const std::vector<std::string>& arguments) {
  std::vector<Result<Input>> inputs;
  std::set<std::string> taken;
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    if (!fs::is_directory(argument, ignored)) {
      inputs.emplace_back(Input{argument, UniqueStem(argument, taken)});
      continue;
    }
    Result<std::vector<std::string>> pictures = PicturesIn(argument);
    if (!pictures.ok()) {
      inputs.emplace_back(pictures.error());
      continue;
    }
    for (const std::string& path : *pictures) {
      inputs.emplace_back(Input{path, UniqueStem(path, taken)});
    }
  }
  return inputs;
}

Result<image::Image> ReadPicture(const Input& input) {
  if (input.path != "-") return image::Load(input.path);
  CNP_ASSIGN(const std::vector<std::byte> bytes, ReadStdin());
  return image::Decode(bytes, "stdin");
}

}  // namespace cnp::cli
