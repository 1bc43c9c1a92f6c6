// The direction of includes (docs/architecture.md): a folder includes only what its row names.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;

// base may be included by all; apps and tests may include anything.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"model", {}},
    {"synthetic", {"model"}},
    {"checkpoint", {}},
    {"pose", {}},
    {"image", {"pose"}},
    {"engine", {"model"}},
    {"convert", {"model", "checkpoint"}},
    {"pipeline", {"image", "pose", "model", "engine"}},
    {"datasets", {"pose"}},
    {"eval", {"pose", "datasets"}},
    {"synth", {"image", "pose"}},
    {"viz", {"image", "pose"}},
    {"onnx", {"image", "model", "convert"}},
    {"train",
     {"image", "pose", "model", "checkpoint", "convert", "datasets", "engine", "eval", "synth"}},
};
// Everything else must build without OpenCV, and without ONNX and its protobuf.
const std::set<std::string> kMayUseOpenCv = {"image", "viz"};
const std::set<std::string> kMayUseOnnx = {"onnx"};

std::string FirstPart(const std::string& path) { return path.substr(0, path.find('/')); }

// Tests and benchmarks may include everything.
bool IsProgram(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.find("_test.") != std::string::npos || name.find("_bench.") != std::string::npos ||
         name.starts_with("test_");
}

TEST(LayeringTest, FoldersIncludeOnlyWhatTheirRowNames) {
  const fs::path library = fs::path(CNP_SOURCE) / "convnextpose";
  const std::regex include(R"re(^\s*#include\s*[<"]([^">]+)[">])re");
  int checked = 0;
  for (const auto& entry : fs::recursive_directory_iterator(library)) {
    const std::string extension = entry.path().extension().string();
    if ((extension != ".h" && extension != ".cc") || IsProgram(entry.path())) continue;
    const std::string folder = FirstPart(entry.path().lexically_relative(library).string());
    ASSERT_TRUE(kMayInclude.contains(folder)) << "no row for convnextpose/" << folder;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string header = match[1];
      EXPECT_FALSE(header.starts_with("apps/") || header.starts_with("tests/"))
          << entry.path() << " includes " << header;
      if (header.starts_with("torch/")) {
        EXPECT_EQ(folder, "train") << entry.path() << " includes " << header;
      }
      if (header.starts_with("opencv2/")) {
        EXPECT_TRUE(kMayUseOpenCv.contains(folder)) << entry.path() << " includes " << header;
      }
      if (header.starts_with("onnx/") || header.starts_with("google/protobuf/")) {
        EXPECT_TRUE(kMayUseOnnx.contains(folder)) << entry.path() << " includes " << header;
      }
      const std::string prefix = "convnextpose/";
      if (!header.starts_with(prefix)) continue;
      const std::string other = FirstPart(header.substr(prefix.size()));
      EXPECT_TRUE(other == folder || other == "base" || kMayInclude.at(folder).contains(other))
          << entry.path() << " includes " << header;
      ++checked;
    }
  }
  EXPECT_GT(checked, 50) << "hardly any include was found: this checks nothing";
}

// The library never prints and never exits (docs/architecture.md).
TEST(LayeringTest, TheLibraryNeverPrintsAndNeverExits) {
  const fs::path library = fs::path(CNP_SOURCE) / "convnextpose";
  const std::regex forbidden(
      R"re(\b(std::cout|std::cerr|printf\s*\(|fprintf\s*\(|puts\s*\(|std::exit\s*\(|abort\s*\(|std::terminate\s*\())re");
  for (const auto& entry : fs::recursive_directory_iterator(library)) {
    const std::string extension = entry.path().extension().string();
    if ((extension != ".h" && extension != ".cc") || IsProgram(entry.path())) continue;
    std::ifstream file(entry.path());
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      EXPECT_FALSE(std::regex_search(line, forbidden)) << entry.path() << ":" << number << line;
    }
  }
}

}  // namespace
