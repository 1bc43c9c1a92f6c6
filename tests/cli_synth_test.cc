// `convnextpose synth` as a user runs it.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CliSynthTest : public CliTest {
 protected:
  [[nodiscard]] Arguments Command(const std::string& out, const Arguments& more) const {
    Arguments all = {"synth", "-o", Path(out), "--size", "64"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] Outcome Synth(const std::string& out, const Arguments& more) const {
    return RunProgram(Command(out, more));
  }

  // Name and content of all files.
  static std::map<std::string, std::string> Files(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) {
        files[fs::relative(entry.path(), folder).string()] = Read(entry.path());
      }
    }
    return files;
  }

  // What a network that is never wrong would say.
  Json Truth(const std::string& set, int subject) const {
    const fs::path files = folder_ / set / "annotations";
    const std::string prefix = "Human36M_subject" + std::to_string(subject) + "_";
    const Json data = Json::parse(Read(files / (prefix + "data.json")));
    const Json poses = Json::parse(Read(files / (prefix + "joint_3d.json")));
    Json truth = Json::array();
    for (const Json& image : data["images"]) {
      const auto number = [&](const char* name) {
        return std::to_string(image.at(name).get<int>());
      };
      // Each picture's camera space is its world.
      Json joints =
          poses.at(number("action_idx")).at(number("subaction_idx")).at(number("frame_idx"));
      const Json root = joints[0];
      for (Json& joint : joints) {
        for (int c = 0; c < 3; ++c) joint[c] = joint[c].get<double>() - root[c].get<double>();
      }
      truth.push_back({{"image_id", image["id"]},
                       {"joint_cam", joints},
                       {"bbox", {0, 0, 64, 64}},
                       {"root_cam", root}});
    }
    return truth;
  }
};

TEST_F(CliSynthTest, TheSeedAloneDecides) {
  ASSERT_EQ(Synth("one", {"--count", "9", "--seed", "5", "--threads", "1"}).exit_code, 0);
  ASSERT_EQ(Synth("three", {"--count", "9", "--seed", "5", "--threads", "3"}).exit_code, 0);
  ASSERT_EQ(Synth("other", {"--count", "9", "--seed", "6"}).exit_code, 0);
  const auto one = Files(folder_ / "one");
  EXPECT_EQ(one.size(), 9U + 3 * 7);
  EXPECT_EQ(one, Files(folder_ / "three"));
  auto other = Files(folder_ / "other");
  ASSERT_EQ(other.size(), one.size());
  const std::string file = "images/s_01_act_02_subact_01/s_01_act_02_subact_01_ca_01_000001.jpg";
  EXPECT_NE(other.at(file), one.at(file));
}

TEST_F(CliSynthTest, MorePicturesBeginWithTheSame) {
  ASSERT_EQ(Synth("few", {"--count", "4"}).exit_code, 0);
  ASSERT_EQ(Synth("more", {"--count", "9"}).exit_code, 0);
  const auto more = Files(folder_ / "more");
  int pictures = 0;
  for (const auto& [name, bytes] : Files(folder_ / "few")) {
    if (!name.ends_with(".jpg")) continue;
    EXPECT_EQ(more.at(name), bytes);
    ++pictures;
  }
  EXPECT_EQ(pictures, 4);
}

TEST_F(CliSynthTest, CheckFindsTheSetFineAndCompleteForBothProtocols) {
  const Outcome made = Synth("set", {"--count", "10", "--json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Json report = Json::parse(made.out);
  EXPECT_EQ(report["pictures"], 10);
  EXPECT_EQ(report["size"], 64);
  EXPECT_GT(report["pictures_per_second"].get<double>(), 0);
  const Outcome check = RunProgram({"dataset", "check", "--json", "--all-pictures", Path("set")});
  EXPECT_EQ(check.exit_code, 0) << check.out;
  const Json found = Json::parse(check.out);
  ASSERT_EQ(found["parts"].size(), 7U);
  int people = 0;
  for (const Json& part : found["parts"]) {
    people += part["people"].get<int>();
    EXPECT_EQ(part["pictures"]["decoded"], part["people"]);
  }
  EXPECT_EQ(people, 10);
  for (const Json& protocol : found["protocols"]) {
    EXPECT_THAT(protocol, HasSubstr("evaluation complete, training complete"));
  }
}

TEST_F(CliSynthTest, EvalReadsEveryPictureAndTheTruthScoresZero) {
  ASSERT_EQ(Synth("set", {"--count", "12", "--subjects", "9,11"}).exit_code, 0);
  Json truth = Truth("set", 9);
  for (const Json& one : Truth("set", 11)) truth.push_back(one);
  const std::string file = WriteText("truth.json", truth.dump());
  for (const auto& [protocol, people] : {std::pair{"2", 12}, {"1", 6}}) {
    const Outcome outcome =
        RunProgram({"eval", "--dataset", "human36m", "--data", Path("set"), "--protocol", protocol,
                    "--predictions", file, "--json", "-"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Json json = Json::parse(outcome.out);
    EXPECT_EQ(json["samples"], people);
    for (const char* metric : {"mpjpe_mm", "pa_mpjpe_rigid_mm", "pa_mpjpe_mm", "mrpe_mm"}) {
      EXPECT_NEAR(json["metrics"][metric].get<double>(), 0, 1e-3) << metric;
    }
  }
  // A hand's breadth too deep is seen.
  for (Json& one : truth) one["root_cam"][2] = one["root_cam"][2].get<double>() + 80;
  WriteText("truth.json", truth.dump());
  const Outcome off = RunProgram({"eval", "--dataset", "human36m", "--data", Path("set"),
                                  "--predictions", file, "--json", "-"});
  EXPECT_NEAR(Json::parse(off.out)["metrics"]["mrpe_mm"].get<double>(), 80, 1e-3);
}

TEST_F(CliSynthTest, ANetworkRunsOnThePictures) {
  ASSERT_EQ(Synth("set", {"--count", "4", "--subjects", "11"}).exit_code, 0);
  const Outcome outcome = RunProgram({"eval", "--dataset", "human36m", "--data", Path("set"),
                                      "--protocol", "1", "--weights", pointer_, "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out)["samples"], 4);
}

TEST_F(CliSynthTest, InterruptedItLeavesNothing) {
  const auto before = NamesIn(folder_);
  fs::create_directory(folder_ / "there");
  for (const char* out : {"new", "there"}) {
    Process process(
        ProgramCommand(Command(out, {"--count", "1000000", "--preview", Path("p.png")})));
    const auto writes = [&] {
      std::error_code error;
      for (fs::recursive_directory_iterator entry(folder_, error), end; !error && entry != end;
           entry.increment(error)) {
        if (entry->path().extension() == ".jpg") return true;
      }
      return false;
    };
    while (process.Running() && !writes()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_TRUE(process.Running()) << "it ended before it could be interrupted";
    process.Signal(SIGINT);
    EXPECT_EQ(process.Wait().signal, SIGINT);
  }
  EXPECT_TRUE(fs::is_empty(folder_ / "there"));
  fs::remove(folder_ / "there");
  EXPECT_EQ(NamesIn(folder_), before);
}

TEST_F(CliSynthTest, AnEmptyFolderIsFilledAndAnotherIsLeftAlone) {
  fs::create_directories(folder_ / "there");
  ASSERT_EQ(Synth("there/", {"--count", "1"}).exit_code, 0);
  EXPECT_THAT(NamesIn(folder_ / "there"), ::testing::UnorderedElementsAre("images", "annotations"));
  const auto before = Files(folder_ / "there");
  const Outcome again = Synth("there", {"--count", "2"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("is there and not empty"));
  EXPECT_EQ(Files(folder_ / "there"), before);
}

TEST_F(CliSynthTest, OnAFullDiskItLeavesNothing) {
  RunOptions small;
  small.max_file_bytes = 700;
  const Outcome outcome = RunProgram(Command("set", {"--count", "3"}), small);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("000001.jpg: cannot write: File too large"));
  EXPECT_THAT(NamesIn(folder_), ::testing::ElementsAre("pointer.pth"));
}

// Joints are drawn in colours that are nowhere else in the picture, and the picture is whole.
TEST_F(CliSynthTest, ThePreviewShowsThePicturesWithTheirJoints) {
  ASSERT_EQ(Synth("set", {"--count", "7", "--preview", Path("sheet.png")}).exit_code, 0);
  const auto sheet = image::Load(Path("sheet.png"));
  ASSERT_TRUE(sheet.ok());
  EXPECT_EQ(sheet->width, 6 * 64);
  EXPECT_EQ(sheet->height, 2 * 64);
  const auto first = image::Load(
      folder_ / "set/images/s_01_act_02_subact_01/s_01_act_02_subact_01_ca_01_000001.jpg");
  ASSERT_TRUE(first.ok());
  int same = 0;
  int drawn = 0;
  for (int y = 0; y < first->height; ++y) {
    for (int x = 0; x < first->width; ++x) {
      int difference = 0;
      for (int c = 0; c < 3; ++c) {
        difference =
            std::max(difference, std::abs(int{first->rgb[3 * (y * first->width + x) + c]} -
                                          int{sheet->rgb[3 * (y * sheet->width + x) + c]}));
      }
      same += difference < 40 ? 1 : 0;
      drawn += difference > 80 ? 1 : 0;
    }
  }
  EXPECT_GT(2 * same, first->width * first->height);
  EXPECT_GT(drawn, 50);
}

TEST_F(CliSynthTest, WhatIsWrongIsToldInOneLine) {
  fs::create_directories(folder_ / "empty");
  const struct {
    Arguments arguments;
    int exit_code;
    const char* told;
  } kCases[] = {
      {{"--count", "0"}, 2, "--count"},
      {{}, 2, "--count is required"},
      {{"--count", "1", "--size", "5"}, 2, "--size"},
      {{"--count", "1", "--subjects", "2"}, 2, "--subjects"},
      {{"--count", "1", "--share", "0.9:0.1"}, 2, "--share: '0.9:0.1': give from and to"},
      {{"--count", "4", "--subjects", "9,11,9"}, 2, "--subjects names 9 twice"},
      {{"--count", "1", "--avatars", Path("nowhere")}, 2, "nowhere"},
      {{"--count", "1", "--avatars", Path("empty")}, 1, "holds no .glb files"},
      {{"--count", "1", "--motions", Path("empty")}, 1, "holds no .bvh files"},
      {{"--count", "1", "--preview", Path("nowhere/p.png")}, 1, "nowhere/p.png"},
  };
  for (const auto& [arguments, exit_code, told] : kCases) {
    const Outcome outcome = Synth("out", arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << told << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(told));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    fs::remove_all(folder_ / "out");
  }
}

// Who is held out is nobody who is trained on.
TEST_F(CliSynthTest, TheSharedPeopleFillTheSetToo) {
  const fs::path data = fs::path(CNP_SHARED) / "synth";
  if (!fs::exists(data)) GTEST_SKIP() << "needs the shared avatars, motions and backgrounds";
  const Arguments assets = {"--count",       "6",
                            "--avatars",     (data / "avatars").string(),
                            "--motions",     (data / "motions").string(),
                            "--backgrounds", (data / "backgrounds").string(),
                            "--share"};
  const auto with = [&](const char* share) {
    Arguments all = assets;
    all.emplace_back(share);
    return all;
  };
  const Outcome held_out = Synth("held_out", with("0.9:1"));
  ASSERT_EQ(held_out.exit_code, 0) << held_out.err;
  ASSERT_EQ(Synth("trained", with("0:0.9")).exit_code, 0);
  const std::string file = "images/s_01_act_02_subact_01/s_01_act_02_subact_01_ca_01_000001.jpg";
  EXPECT_NE(Read(folder_ / "held_out" / file), Read(folder_ / "trained" / file));
  const Outcome nobody = Synth("nobody", with("0.99999:1"));
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.err, HasSubstr("falls into the share"));
}

}  // namespace
}  // namespace cnp::test
