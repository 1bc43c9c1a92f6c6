#include "apps/cli/sha256.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;

class Digest {
 public:
  Digest() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

  void Add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  Status AddFile(const fs::path& path) {
    CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
    Add(file.bytes());
    return {};
  }
  std::string Hexadecimal() {
    std::array<unsigned char, 32> hash{};
    EVP_DigestFinal_ex(context_.get(), hash.data(), nullptr);
    std::string text;
    for (const unsigned char byte : hash) text += fmt::format("{:02x}", byte);
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

Result<std::vector<fs::path>> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file(error)) files.push_back(it->path());
  }
  if (error) return Error{folder.string() + ": cannot read the folder: " + error.message()};
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<std::string> Sha256(const fs::path& path) {
  Digest digest;
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    CNP_RETURN_IF_ERROR(digest.AddFile(path));
    return digest.Hexadecimal();
  }
  CNP_ASSIGN(const std::vector<fs::path> files, FilesIn(path));
  for (const fs::path& file : files) {
    const std::string name = file.lexically_relative(path).generic_string();
    digest.Add(std::as_bytes(std::span(name.c_str(), name.size() + 1)));
    CNP_RETURN_IF_ERROR(digest.AddFile(file));
  }
  return digest.Hexadecimal();
}

}  // namespace cnp::cli
