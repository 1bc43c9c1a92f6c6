// `convnextpose eval --mupots-mat`: MuPoTS-3D's result files.
#include "convnextpose/eval/mupots_mat.h"
#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

using ::testing::HasSubstr;

class CliEvalMupotsTest : public CliTest {
 protected:
  static constexpr const char* kData = CNP_TESTDATA "/datasets/mupots";

  [[nodiscard]] Outcome Eval(const Arguments& more) const {
    Arguments all = {"eval", "--dataset", "mupots", "--mupots-mat", Path("mat")};
    all.insert(all.end(), more.begin(), more.end());
    return RunProgram(all);
  }

  // What is labelled, as predictions.
  std::string WriteTruth() {
    const Json labels = Json::parse(Read(std::string(kData) + "/MuPoTS-3D.json"));
    Json predictions = Json::array();
    for (const Json& person : labels["annotations"]) {
      predictions.push_back({{"image_id", person["image_id"]},
                             {"joint_cam", person["keypoints_cam"]},
                             {"bbox", person["bbox"]},
                             {"root_cam", person["keypoints_cam"][14]}});
    }
    return WriteText("truth.json", predictions.dump());
  }

  // The set with pictures for a network.
  std::string WriteSet() {
    Json labels = Json::parse(Read(std::string(kData) + "/MuPoTS-3D.json"));
    for (Json& picture : labels["images"]) {
      const std::string name = picture["file_name"];
      WritePicture("set/MultiPersonTestSet/" + name, TwoSpots(320, 240, {150, 70}, {170, 160}, 30));
      picture["width"] = 320;
      picture["height"] = 240;
    }
    for (Json& person : labels["annotations"]) person["bbox"] = {90, 20, 140, 190};
    WriteText("set/MuPoTS-3D.json", labels.dump());
    return Path("set");
  }
};

TEST_F(CliEvalMupotsTest, HoldsThePredictions) {
  const Outcome outcome = Eval({"--data", kData, "--predictions", WriteTruth()});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto camera_mm = eval::ReadMupots3d(Path("mat/preds_3d_kpt_mupots.mat"));
  const auto image_px = eval::ReadMupots2d(Path("mat/preds_2d_kpt_mupots.mat"));
  ASSERT_TRUE(camera_mm.ok() && image_px.ok());
  ASSERT_EQ(camera_mm->size(), 3U);
  const Json labels = Json::parse(Read(std::string(kData) + "/MuPoTS-3D.json"));
  std::map<std::string, std::size_t> people;  // Of each picture, so far.
  for (const Json& person : labels["annotations"]) {
    if (person["is_valid"] == 0) continue;
    const int image = person["image_id"];
    const std::string name =
        "TS" + std::to_string(image + 1) + "_img_00000" + std::to_string(image);
    const std::size_t n = people[name]++;
    ASSERT_GT(camera_mm->at(name).size(), n);
    const auto& mm = camera_mm->at(name)[n];
    const auto& px = image_px->at(name)[n];
    ASSERT_EQ(mm.size(), 17U);
    ASSERT_EQ(px.size(), 17U);
    for (std::size_t j = 0; j < 17; ++j) {
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_NEAR(mm[j][k], person["keypoints_cam"][j][k].get<double>(), 1e-9);
      }
      for (std::size_t k = 0; k < 2; ++k) {
        EXPECT_NEAR(px[j][k], person["keypoints_img"][j][k].get<double>(), 0.01);
      }
    }
  }
  EXPECT_EQ(people.size(), 3U);
  for (const auto& [name, count] : people) EXPECT_EQ(camera_mm->at(name).size(), count) << name;
}

// A network of MuCo has four joints more, which the evaluators do not want.
TEST_F(CliEvalMupotsTest, HoldsWhatANetworkPredicts) {
  const std::string set = WriteSet();
  const std::string muco = Path("muco.pth");
  ASSERT_TRUE(WritePointerCheckpoint(muco, 21).ok());
  const Outcome network =
      Eval({"--data", set, "--weights", muco, "--save-predictions", Path("predictions.json")});
  ASSERT_EQ(network.exit_code, 0) << network.err;
  const auto direct = eval::ReadMupots3d(Path("mat/preds_3d_kpt_mupots.mat"));
  const Outcome file = Eval({"--data", set, "--predictions", Path("predictions.json")});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  const auto saved = eval::ReadMupots3d(Path("mat/preds_3d_kpt_mupots.mat"));
  ASSERT_TRUE(direct.ok() && saved.ok());
  ASSERT_EQ(direct->size(), 3U);
  for (const auto& [name, people] : *direct) {
    ASSERT_EQ(saved->at(name).size(), people.size());
    for (std::size_t n = 0; n < people.size(); ++n) {
      ASSERT_EQ(people[n].size(), 17U);
      for (std::size_t j = 0; j < 17; ++j) {
        for (std::size_t k = 0; k < 3; ++k) {
          EXPECT_NEAR(people[n][j][k], saved->at(name)[n][j][k], 1e-3);
        }
      }
    }
  }
}

TEST_F(CliEvalMupotsTest, SciPyReadsIt) {
  if (Process({"/usr/bin/python3", "-c", "import scipy.io"}).Wait().exit_code != 0) {
    GTEST_SKIP() << "Debian's python3-scipy absent";
  }
  ASSERT_EQ(Eval({"--data", kData, "--predictions", WriteTruth()}).exit_code, 0);
  constexpr const char* kScript = R"(import json, scipy.io, sys
for axes in "23":
    read = scipy.io.loadmat(f"{sys.argv[1]}/preds_{axes}d_kpt_mupots.mat")
    people = {name: value.tolist() for name, value in read.items() if name.startswith("TS")}
    print(json.dumps(people)))";
  const Outcome read = Process({"/usr/bin/python3", "-c", kScript, Path("mat")}).Wait();
  ASSERT_EQ(read.exit_code, 0) << read.err;
  const std::vector<Json> files = Lines(read.out);
  ASSERT_EQ(files.size(), 2U);
  const Json labels = Json::parse(Read(std::string(kData) + "/MuPoTS-3D.json"));
  EXPECT_EQ(files[1].size(), 3U);
  EXPECT_EQ(files[1]["TS1_img_000000"], Json({labels["annotations"][0]["keypoints_cam"],
                                              labels["annotations"][1]["keypoints_cam"]}));
  EXPECT_NEAR(files[0]["TS1_img_000000"][1][16][0].get<double>(),
              labels["annotations"][1]["keypoints_img"][16][0].get<double>(), 0.01);
}

TEST_F(CliEvalMupotsTest, WhatCannotBeIsTold) {
  const Outcome lacking = Eval({"--data", WriteSet(), "--weights", pointer_});
  EXPECT_EQ(lacking.exit_code, 1);
  EXPECT_THAT(lacking.err, HasSubstr("has no Head_top, Spine"));
  const Outcome other =
      RunProgram({"eval", "--data", kData, "--weights", pointer_, "--mupots-mat", Path("other")});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("--mupots-mat is for --dataset mupots"));
  EXPECT_FALSE(std::filesystem::exists(Path("other")));
  EXPECT_EQ(Eval({"--data", kData, "--weights", pointer_, pointer_}).exit_code, 2);
  std::filesystem::remove_all(Path("mat"));
  WriteText("mat", "a file in the way");
  const Outcome blocked = Eval({"--data", kData, "--predictions", WriteTruth()});
  EXPECT_EQ(blocked.exit_code, 1);
  EXPECT_THAT(blocked.err, HasSubstr("cannot make this folder"));
}

}  // namespace
}  // namespace cnp::test
