// `convnextpose eval` as a user runs it, on a small set in Human3.6M's layout.
#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

using ::testing::HasSubstr;

class CliEvalTest : public CliTest {
 protected:
  static constexpr int kJoints = 17;

  CliEvalTest() { std::filesystem::create_directories(folder_ / "data/annotations"); }

  // `frames` pictures of subject 11, half of them of action 2, half of action 3; the frames are 64
  // apart, so that all are of the test set.
  void WriteSet(int frames) {
    WritePicture("data/images/a.png", TwoSpots(320, 240, {150, 70}, {170, 160}, 30));
    WritePicture("data/images/b.png", TwoSpots(320, 240, {140, 90}, {180, 150}, 30));
    Json images = Json::array();
    Json annotations = Json::array();
    Json joints;
    for (int i = 0; i < frames; ++i) {
      const int action = 2 + i % 2;
      images.push_back({{"id", i},
                        {"file_name", i % 3 == 0 ? "a.png" : "b.png"},
                        {"width", 320},
                        {"height", 240},
                        {"subject", 11},
                        {"action_name", action == 2 ? "Directions" : "Discussion"},
                        {"action_idx", action},
                        {"subaction_idx", 1},
                        {"cam_idx", 1},
                        {"frame_idx", 64 * i}});
      annotations.push_back({{"id", 1000 + i},
                             {"image_id", i},
                             {"bbox", {90, 20, 140, 190}},
                             {"keypoints_vis", Json::array()}});
      Json pose = Json::array();
      for (int j = 0; j < kJoints; ++j) {
        pose.push_back({20.0 * j + i, 30.0 * (j % 5), 5000.0 + 10 * (j % 3)});
        annotations.back()["keypoints_vis"].push_back(true);
      }
      joints[std::to_string(action)]["1"][std::to_string(64 * i)] = std::move(pose);
    }
    const Json camera = {{"1",
                          {{"R", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
                           {"t", {0, 0, 0}},
                           {"f", {1145, 1145}},
                           {"c", {160, 120}}}}};
    const std::string prefix = "data/annotations/Human36M_subject11_";
    WriteText(prefix + "data.json",
              Json{{"images", std::move(images)}, {"annotations", std::move(annotations)}}.dump());
    WriteText(prefix + "camera.json", camera.dump());
    WriteText(prefix + "joint_3d.json", joints.dump());
  }

  [[nodiscard]] Arguments Command(const Arguments& more) const {
    Arguments all = {"eval", "--data", Path("data"), "--protocol", "1"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  [[nodiscard]] Outcome Eval(const Arguments& more) const { return RunProgram(Command(more)); }

  // Of a file that is being written, the lines that are complete.
  static std::string Whole(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }

  // What an evaluation found, without how fast it was or how many threads it had.
  Json Found(const std::string& name) const {
    Json json = Json::parse(Read(Path(name)));
    Json found;
    for (const char* key :
         {"samples", "metrics", "intervals", "per_action", "per_joint", "records"}) {
      found[key] = json.at(key);
    }
    return found;
  }
};

TEST_F(CliEvalTest, ANetworkAndItsSavedPredictionsScoreAlike) {
  WriteSet(12);
  const Outcome network = Eval({"--weights", pointer_, "--json", Path("network.json"),
                                "--save-predictions", Path("predictions.json")});
  ASSERT_EQ(network.exit_code, 0) << network.err;
  EXPECT_THAT(network.out, HasSubstr("12 people"));
  EXPECT_THAT(network.out, HasSubstr("MPJPE"));
  EXPECT_THAT(network.out, HasSubstr("Discussion"));
  const Outcome file =
      Eval({"--predictions", Path("predictions.json"), "--json", Path("file.json")});
  ASSERT_EQ(file.exit_code, 0) << file.err;
  const Json a = Json::parse(Read(Path("network.json")));
  const Json b = Json::parse(Read(Path("file.json")));
  EXPECT_EQ(a["samples"], 12);
  EXPECT_GT(a["metrics"]["mpjpe_mm"].get<double>(), 1);
  for (const char* metric : {"mpjpe_mm", "pa_mpjpe_rigid_mm", "pa_mpjpe_mm", "n_mpjpe_mm"}) {
    EXPECT_NEAR(a["metrics"][metric].get<double>(), b["metrics"][metric].get<double>(), 1e-3)
        << metric;
  }
  EXPECT_EQ(a["model"]["parameters"].is_number(), true);
  EXPECT_EQ(a["settings"]["flip_test"], true);
}

TEST_F(CliEvalTest, ThreadsAndBatchesDoNotMatter) {
  WriteSet(11);
  ASSERT_EQ(
      Eval({"--weights", pointer_, "--threads", "1", "--batch", "1", "--json", Path("1.json")})
          .exit_code,
      0);
  ASSERT_EQ(
      Eval({"--weights", pointer_, "--threads", "3", "--batch", "4", "--json", Path("3.json")})
          .exit_code,
      0);
  EXPECT_EQ(Found("1.json"), Found("3.json"));
  const Json settings = Json::parse(Read(Path("3.json")))["settings"];
  EXPECT_EQ(settings["threads"], 3);
  EXPECT_EQ(settings["batch"], 4);
}

TEST_F(CliEvalTest, ARunThatIsKilledGoesOn) {
  constexpr int kPeople = 300;
  WriteSet(kPeople);
  ASSERT_EQ(Eval({"--weights", pointer_, "--json", Path("whole.json")}).exit_code, 0);

  const Arguments interrupted = {"--weights",        pointer_,  "--json",
                                 Path("parts.json"), "--batch", "1"};
  const std::filesystem::path journal = Path("parts.json.partial");
  std::size_t done = 0;
  {
    Process process(ProgramCommand(Command(interrupted)));
    std::error_code error;
    while (process.Running() && done < 20) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (std::filesystem::exists(journal, error)) done = Lines(Whole(Read(journal))).size();
    }
    process.Signal(SIGKILL);
    process.Wait();
  }
  ASSERT_GE(done, 20U);
  ASSERT_TRUE(std::filesystem::exists(journal)) << "it ended before it could be killed";
  EXPECT_FALSE(std::filesystem::exists(Path("parts.json")));
  // The last line may be cut off.
  std::ofstream(journal, std::ios::app) << R"({"sample":7,"annota)";

  Arguments resumed = interrupted;
  resumed.emplace_back("--resume");
  const Outcome outcome = Eval(resumed);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("were done by an earlier run"));
  EXPECT_EQ(Found("parts.json"), Found("whole.json"));
  EXPECT_FALSE(std::filesystem::exists(journal));
}

TEST_F(CliEvalTest, TheJournalOfAnotherRunIsRefused) {
  WriteSet(4);
  WriteText("r.json.partial", "{\"convnextpose_eval_journal\":1,\"run\":\"another\"}\n");
  const Outcome refused = Eval({"--weights", pointer_, "--json", Path("r.json"), "--resume"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("other weights, data or settings"));
  EXPECT_EQ(Eval({"--weights", pointer_, "--json", Path("r.json")}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(Path("r.json.partial")));
}

TEST_F(CliEvalTest, APictureThatIsMissingIsNamedAndTheRestScored) {
  WriteSet(6);
  std::filesystem::remove(Path("data/images/a.png"));
  const Outcome outcome = Eval({"--weights", pointer_, "--json", "-"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("a.png"));
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["samples"], 4);
  EXPECT_EQ(json["left_out"]["count"], 2);
}

// Their own boxes are not used, so they need not be usable.
TEST_F(CliEvalTest, GivenBoxesAreEnough) {
  WriteSet(3);
  const std::string path = "data/annotations/Human36M_subject11_data.json";
  Json data = Json::parse(Read(Path(path)));
  data["annotations"][1]["bbox"] = {90, 20, 0, 190};
  data["annotations"][2].erase("bbox");
  WriteText(path, data.dump());
  Json boxes = Json::array();
  for (int i = 0; i < 3; ++i) {
    boxes.push_back({{"image_id", i}, {"bbox", {40, 0, 240, 240}}, {"root_cam", {0, 0, 5000}}});
  }
  const Outcome given = Eval(
      {"--weights", pointer_, "--boxes", WriteText("boxes.json", boxes.dump()), "--json", "-"});
  EXPECT_EQ(given.exit_code, 0) << given.err;
  EXPECT_EQ(Json::parse(given.out)["samples"], 3);
  const Outcome own = Eval({"--weights", pointer_, "--json", "-"});
  EXPECT_EQ(Json::parse(own.out)["samples"], 1);
}

TEST_F(CliEvalTest, EpochsChooseSnapshots) {
  WriteSet(2);
  std::filesystem::create_directories(folder_ / "snapshots");
  for (const char* name : {"snapshot_9.pth.tar", "snapshot_60.pth.tar", "snapshot_61.pth.tar"}) {
    std::filesystem::copy_file(pointer_, folder_ / "snapshots" / name);
  }
  const Outcome outcome = Eval({"--weights", Path("snapshots"), "--epochs", "60-70", "--out",
                                Path("results"), "--no-flip-test"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(
      NamesIn(Path("results")),
      ::testing::UnorderedElementsAre("snapshot_60.pth.tar.json", "snapshot_61.pth.tar.json"));
  EXPECT_THAT(outcome.out, HasSubstr("no flip test"));
}

TEST_F(CliEvalTest, WrongUsageIsToldInOneLine) {
  WriteSet(1);
  const struct {
    Arguments arguments;
    const char* told;
  } kCases[] = {
      {{}, "give --weights or --predictions"},
      {{"--weights", "a", "--predictions", "b"}, "give --weights or --predictions"},
      {{"--weights", pointer_, pointer_, "--json", "x.json"}, "--out"},
      {{"--weights", pointer_, "--resume"}, "--resume needs --json FILE"},
      {{"--weights", pointer_, "--epochs", "7-3"}, "--epochs '7-3'"},
      {{"--weights", pointer_, "--precision", "f8"}, "f8"},
  };
  for (const auto& [arguments, told] : kCases) {
    const Outcome outcome = Eval(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << told;
    EXPECT_THAT(outcome.err, HasSubstr(told));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
  }
  const Outcome nothing = RunProgram({"eval", "--data", Path("nowhere"), "--weights", pointer_});
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_THAT(nothing.err, HasSubstr("nowhere"));
}

// The right answers were computed in closed form, by the command that makes the set.
TEST_F(CliEvalTest, KnownErrorsScoreWhatTheyMust) {
  ASSERT_EQ(RunProgram({"dataset", "sample", "--out", Path("sample")}).exit_code, 0);
  const Json expected = Json::parse(Read(folder_ / "sample/predictions/expected.json"));
  int scored = 0;
  for (const char* protocol : {"1", "2"}) {
    const Json& right = expected.at(std::string("protocol_") + protocol);
    for (const auto& [file, answer] : right.at("predictions").items()) {
      SCOPED_TRACE(file + ", protocol " + protocol);
      const Outcome outcome =
          RunProgram({"eval", "--data", Path("sample"), "--protocol", protocol, "--predictions",
                      Path("sample/predictions/" + file), "--json", "-"});
      // The file has the people of protocol 2, protocol 1 half of them.
      ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
      const bool half = outcome.err.find("36 predictions are of pictures") != std::string::npos;
      EXPECT_EQ(half, *protocol == '1') << outcome.err;
      const Json json = Json::parse(outcome.out);
      EXPECT_EQ(json["samples"], right["samples"]);
      for (const auto& [metric, value] : answer.at("metrics").items()) {
        EXPECT_NEAR(json["metrics"][metric].get<double>(), value.get<double>(), 2e-4) << metric;
        ++scored;
      }
    }
  }
  EXPECT_GE(scored, 50);
}

#ifdef CNP_MPI

class CliEvalTeamTest : public CliEvalTest {
 protected:
  // `mpirun -n members convnextpose eval ARGUMENTS...`
  [[nodiscard]] Arguments Team(int members, const Arguments& more) const {
    Arguments all = {"env",
                     "OMPI_ALLOW_RUN_AS_ROOT=1",
                     "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
                     "mpirun",
                     "--oversubscribe",
                     "-n",
                     std::to_string(members)};
    const Arguments command = ProgramCommand(Command(more));
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }

  // The process of that rank which writes below this test's folder; 0: none yet.
  [[nodiscard]] pid_t Member(int rank) const {
    const std::string wanted = "OMPI_COMM_WORLD_RANK=" + std::to_string(rank);
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string environment = Read(entry.path() / "environ");
      if (environment.find(wanted + '\0') == std::string::npos) continue;
      if (Read(entry.path() / "cmdline").find(folder_.string()) == std::string::npos) continue;
      return static_cast<pid_t>(std::stol(name));
    }
    return 0;
  }
};

TEST_F(CliEvalTeamTest, AnyNumberOfProcessesFindsTheSame) {
  WriteSet(41);
  std::filesystem::remove(Path("data/images/a.png"));  // Members tell what they cannot read.
  ASSERT_EQ(Eval({"--weights", pointer_, "--json", Path("1.json")}).exit_code, 1);
  for (const int members : {2, 3}) {
    const std::string json = std::to_string(members) + ".json";
    Process team(Team(members, {"--weights", pointer_, "--json", Path(json), "--batch", "2"}));
    const Outcome outcome = team.Wait();
    EXPECT_EQ(outcome.exit_code, 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("a.png"));
    EXPECT_EQ(Found(json), Found("1.json"));
    EXPECT_EQ(Json::parse(Read(Path(json)))["left_out"]["count"], 14);
    EXPECT_FALSE(std::filesystem::exists(Path(json) + ".partial"));
    EXPECT_FALSE(std::filesystem::exists(Path(json) + ".partial.1"));
  }
}

TEST_F(CliEvalTeamTest, AMemberThatDiesEndsTheJobAndAnotherTeamGoesOn) {
  WriteSet(400);
  ASSERT_EQ(Eval({"--weights", pointer_, "--json", Path("whole.json")}).exit_code, 0);
  const Arguments arguments = {"--weights", pointer_, "--json", Path("r.json"), "--batch", "1"};
  {
    Process team(Team(2, arguments));
    std::size_t done = 0;
    while (team.Running() && done < 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      std::error_code error;
      const std::filesystem::path journal = Path("r.json.partial.1");
      if (std::filesystem::exists(journal, error)) done = Lines(Whole(Read(journal))).size();
    }
    const pid_t member = Member(1);
    ASSERT_NE(member, 0) << "it ended before it could be killed";
    ::kill(member, SIGKILL);
    const Outcome outcome = team.Wait();
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr("signal 9"));
  }
  EXPECT_FALSE(std::filesystem::exists(Path("r.json")));
  Arguments resumed = arguments;
  resumed.emplace_back("--resume");
  Process team(Team(3, resumed));
  const Outcome outcome = team.Wait();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("were done by an earlier run"));
  EXPECT_EQ(Found("r.json"), Found("whole.json"));
}

TEST_F(CliEvalTeamTest, AMemberThatCannotGoOnEndsTheJob) {
  WriteSet(4);
  std::filesystem::create_directories(Path("r.json.partial.1/in the way"));
  Process team(Team(2, {"--weights", pointer_, "--json", Path("r.json")}));
  const Outcome outcome = team.Wait();
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("r.json.partial.1: cannot write"));
}

#endif

}  // namespace
}  // namespace cnp::test
