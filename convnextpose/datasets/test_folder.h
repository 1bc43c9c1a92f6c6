// A folder that goes with the test, and small annotations to spoil.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace cnp::datasets::test {

using Json = nlohmann::json;

class TestFolder : public ::testing::Test {
 protected:
  TestFolder()
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ("cnp_datasets_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~TestFolder() override { std::filesystem::remove_all(folder_); }

  void Write(const std::filesystem::path& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  void Write(const std::filesystem::path& name, const Json& json) const {
    Write(name, json.dump());
  }

  std::filesystem::path folder_;
};

inline std::span<const std::byte> Bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

inline Json ReadJson(const std::filesystem::path& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

}  // namespace cnp::datasets::test
