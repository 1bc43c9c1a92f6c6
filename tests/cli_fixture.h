// What the tests of the program share: a folder, weights and pictures, and how to read its answers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "tests/pointer_network.h"
#include "tests/program.h"

namespace cnp::test {

using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

class CliTest : public ::testing::Test {
 protected:
  CliTest()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ("cnp_cli_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    pointer_ = (folder_ / "pointer.pth").string();
    EXPECT_TRUE(WritePointerCheckpoint(pointer_).ok());
  }
  ~CliTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return (folder_ / name).string();
  }

  std::string WritePicture(const std::string& name, const image::Image& picture) {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    EXPECT_TRUE(WriteFileAtomically(path, image::EncodePng(picture)).ok());
    return path.string();
  }
  std::string WriteText(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return Path(name);
  }
  /// Where the pointer network finds someone, at a distance that bone lengths give.
  std::string WritePerson(const std::string& name) {
    return WritePicture(name, TwoSpots(320, 240, {150, 70}, {170, 160}, 30));
  }

  /// `predict --weights <the pointer network> ARGUMENTS...`
  Outcome Predict(const Arguments& arguments, const RunOptions& options = {}) const {
    Arguments all = {"predict", "--weights", pointer_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunProgram(all, options);
  }

  /// One JSON object a line.
  static std::vector<Json> Lines(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  static std::string Read(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::vector<std::string> NamesIn(const std::filesystem::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  std::filesystem::path folder_;
  std::string pointer_;  ///< Weights.
};

}  // namespace cnp::test
