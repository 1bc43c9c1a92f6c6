// The C++ generator makes the bits that the Python one made: checksums from the golden files.
#include "convnextpose/synthetic/synthetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "convnextpose/model/config.h"
#include "convnextpose/model/layers.h"

namespace cnp::synthetic {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

std::vector<fs::path> GoldenFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(CNP_TESTDATA "/golden")) {
    if (entry.path().extension() != ".json") continue;
    if (entry.path().filename() != "real_xs.json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Hex(std::uint64_t value) {
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, value >>= 4) {
    *digit = "0123456789abcdef"[value & 15];
  }
  return text;
}

class SyntheticWeights : public testing::TestWithParam<fs::path> {
 protected:
  const Json golden_ = Json::parse(std::ifstream(GetParam()));
  const std::uint64_t seed_ = golden_["seed"];
  const Json& checksums_ = golden_["checksums"];
};

TEST_P(SyntheticWeights, TensorsAreThoseOfThePythonGenerator) {
  const auto spec = model::ParseConfig(golden_["config"].dump());
  ASSERT_TRUE(spec.ok()) << spec.error().message;
  std::uint64_t all = 0;
  std::map<std::string, std::string> found;
  for (const auto& tensor : model::Tensors(model::Layers(*spec))) {
    if (tensor.counter) continue;
    const std::uint64_t sum = Checksum(Tensor(tensor.name, tensor.shape, seed_));
    all += sum;
    if (checksums_["tensors"].contains(tensor.name)) found[tensor.name] = Hex(sum);
  }
  EXPECT_THAT(
      found, testing::ContainerEq(checksums_["tensors"].get<std::map<std::string, std::string>>()));
  EXPECT_EQ(Hex(all), checksums_["all_tensors"]);
}

TEST_P(SyntheticWeights, PictureIsThatOfThePythonGenerator) {
  const auto picture = Picture(golden_["batch"], golden_["config"]["input"][0],
                               golden_["config"]["input"][1], seed_);
  EXPECT_EQ(Hex(Checksum(picture)), checksums_["picture"]);
}

INSTANTIATE_TEST_SUITE_P(Cases, SyntheticWeights, testing::ValuesIn(GoldenFiles()),
                         [](const auto& param) { return param.param.stem().string(); });

TEST(SyntheticCounter, CountsSomeBatches) {
  const auto counter =
      Tensor("backbone.norm.num_batches_tracked", std::span<const std::int64_t>{}, 1);
  ASSERT_EQ(counter.size(), 1U);
  EXPECT_GE(counter[0], 1000);
  EXPECT_LT(counter[0], 2000);
}

}  // namespace
}  // namespace cnp::synthetic
