// What the tests of this folder share: temporary files, archives and pickles made to order.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "convnextpose/checkpoint/byte_reader.h"
#include "convnextpose/checkpoint/checkpoint.h"
#include "convnextpose/checkpoint/zip_writer.h"

namespace cnp::checkpoint {

inline Bytes AsBytes(const std::string& text) { return std::as_bytes(std::span(text)); }

inline std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The committed files, written by tools/golden/make_checkpoints.py.
inline std::filesystem::path TestFile(const std::string& name) {
  return std::filesystem::path(CNP_TESTDATA) / "checkpoints" / name;
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int count = 0;
    path_ = std::filesystem::path(::testing::TempDir()) /
            ("cnp_checkpoint_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A valid archive of these files, in this order.
inline std::string ZipOf(const std::vector<std::pair<std::string, std::string>>& files) {
  const TemporaryFolder folder;
  ZipWriter zip;
  for (const auto& [name, data] : files) zip.Add(name, AsBytes(data));
  EXPECT_TRUE(zip.Write(folder.path() / "a.zip").ok());
  return ReadAll(folder.path() / "a.zip");
}

/// `text` with all of `from` replaced.
inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  EXPECT_NE(text.find(from), std::string::npos) << from;
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// A number as it lies in memory.
template <typename T>
std::string Raw(T value) {
  return std::string(AsText(std::as_bytes(std::span(&value, 1))));
}

// ---- Pickles, as opcodes.

inline std::string PickledInt(std::int64_t value) { return "\x8a\x08" + Raw(value); }
inline std::string PickledText(const std::string& text) {
  return "X" + Raw(static_cast<std::uint32_t>(text.size())) + text;
}
inline std::string PickledInts(const std::vector<std::int64_t>& values) {
  std::string pickle = "(";
  for (const std::int64_t value : values) pickle += PickledInt(value);
  return pickle + "t";
}

/// A tensor as a test wants it, possible or not.
struct PickledTensor {
  std::string name = "w";
  std::string type = "FloatStorage";
  std::string key = "0";
  std::int64_t count = 2;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape = {2};
  std::vector<std::int64_t> strides = {1};
};

/// {"network": {name: tensor, ...}}
inline std::string PickledNetwork(const std::vector<PickledTensor>& tensors) {
  std::string pickle = "\x80\x02}" + PickledText("network") + "}(";
  for (const PickledTensor& tensor : tensors) {
    pickle += PickledText(tensor.name) + "ctorch._utils\n_rebuild_tensor_v2\n((" +
              PickledText("storage") + "ctorch\n" + tensor.type + "\n" + PickledText(tensor.key) +
              PickledText("cpu") + PickledInt(tensor.count) + "tQ" + PickledInt(tensor.offset) +
              PickledInts(tensor.shape) + PickledInts(tensor.strides) + "\x89NtR";
  }
  return pickle + "us.";
}

/// A PyTorch zip archive around a pickle, with one storage "0" of the floats 1.5 and -2.
inline std::string TorchZip(const std::string& pickle) {
  return ZipOf({{"a/data.pkl", pickle}, {"a/data/0", Raw(1.5F) + Raw(-2.0F)}});
}

/// The error of reading these bytes, "" when they are read without one.
inline std::string ReadError(const std::string& file) {
  const Result<Checkpoint> checkpoint = ReadBytes(AsBytes(file), "file");
  return checkpoint.ok() ? "" : checkpoint.error().message;
}

}  // namespace cnp::checkpoint
