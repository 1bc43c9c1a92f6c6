// `convnextpose-train` as a user runs it: a tiny network on people that are made up.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "convnextpose/checkpoint/checkpoint.h"
#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kTiny = R"({"name": "tiny", "depths": [1, 1, 1, 1], "dims": [8, 8, 16, 16],
  "head": [{"channels": 16, "kernel": 3, "up": true}], "depth_bins": 32, "joints": 18,
  "input": [64, 64]})";

class CliTrainTest : public CliTest {
 protected:
  CliTrainTest() : config_(WriteText("tiny.json", kTiny)) {}

  /// `more` in place of what is usual.
  [[nodiscard]] std::vector<std::string> Command(const std::string& out,
                                                 const Arguments& more) const {
    std::vector<std::string> command = {CNP_TRAINER, "--out", Path(out), "--synth"};
    command.insert(command.end(), more.begin(), more.end());
    const std::pair<const char*, std::string> usual[] = {
        {"--variant", config_}, {"--input", "64"},    {"--batch", "4"},
        {"--epochs", "3"},      {"--log-every", "1"}, {"--rendered-per-epoch", "16"},
        {"--feed-threads", "1"}};
    for (const auto& [name, value] : usual) {
      if (std::find(more.begin(), more.end(), name) != more.end()) continue;
      command.insert(command.end(), {name, value});
    }
    return command;
  }
  [[nodiscard]] Outcome Train(const std::string& out, const Arguments& more = {}) const {
    return Process(Command(out, more)).Wait();
  }

  /// One of two processes, with torchrun's variables.
  [[nodiscard]] std::vector<std::string> Member(int rank, const std::string& out,
                                                const Arguments& more) const {
    const std::string number = std::to_string(rank);
    const std::string port = std::to_string(20000 + ::getpid() % 20000);
    std::vector<std::string> command = {"env",
                                        "RANK=" + number,
                                        "WORLD_SIZE=2",
                                        "LOCAL_RANK=" + number,
                                        "MASTER_ADDR=127.0.0.1",
                                        "MASTER_PORT=" + port};
    for (const std::string& word : Command(out, more)) command.push_back(word);
    return command;
  }

  [[nodiscard]] std::string State(const std::string& out) const {
    return Read(folder_ / out / "state.safetensors");
  }
  [[nodiscard]] std::ptrdiff_t LoggedSteps(const std::string& out) const {
    const std::string log = Read(folder_ / out / "log.csv");
    return std::max<std::ptrdiff_t>(0, std::count(log.begin(), log.end(), '\n') - 1);
  }

  std::string config_;
};

TEST_F(CliTrainTest, LeavesSnapshotsALogAndAPage) {
  const Outcome outcome = Train("run", {"--keep", "1"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(LoggedSteps("run"), 12);  // 16 people, 4 a step, 3 times.
  const std::vector<std::string> names = NamesIn(folder_ / "run");
  for (const char* name : {"config.toml", "log.csv", "plot.html", "run.txt", "snapshot_2.pth.tar",
                           "snapshot_2.safetensors", "state.safetensors"}) {
    EXPECT_THAT(names, Contains(name));
  }
  EXPECT_THAT(names, Not(Contains("snapshot_1.safetensors")));
  EXPECT_THAT(Read(folder_ / "run/plot.html"), HasSubstr("<svg"));
  for (const char* name : {"run/snapshot_2.safetensors", "run/snapshot_2.pth.tar"}) {
    const Outcome inspected = RunProgram({"inspect", Path(name), "--up", "1"});
    EXPECT_EQ(inspected.exit_code, 0) << name << inspected.out << inspected.err;
  }
}

TEST_F(CliTrainTest, KilledAtAnyMomentItContinuesToTheSameBits) {
  ASSERT_EQ(Train("unbroken").exit_code, 0);
  const Arguments more = {"--save-every", "2steps"};
  for (const std::ptrdiff_t steps : {1, 5, 9}) {
    Process process(Command("killed", steps == 1 ? more : Arguments{"--continue"}));
    while (process.Running() && LoggedSteps("killed") < steps) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    process.Signal(SIGKILL);
    EXPECT_EQ(process.Wait().signal, SIGKILL) << "over before it was killed";
  }
  const Outcome outcome = Train("killed", {"--continue"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("goes on at step"));  // Beginning anew ends alike.
  EXPECT_EQ(State("killed"), State("unbroken"));
  EXPECT_EQ(Read(folder_ / "killed/snapshot_2.safetensors"),
            Read(folder_ / "unbroken/snapshot_2.safetensors"));
  EXPECT_EQ(LoggedSteps("killed"), 12);
}

TEST_F(CliTrainTest, StoppedItSavesAndSaysHowToGoOn) {
  Process process(Command("run", {"--epochs", "1000"}));
  while (process.Running() && LoggedSteps("run") < 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  process.Signal(SIGINT);
  const Outcome outcome = process.Wait();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("--continue"));
  EXPECT_TRUE(fs::exists(folder_ / "run/state.safetensors"));
  const Outcome again = Train("run");
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("holds a run already"));
  const Outcome other = Train("run", {"--continue", "--batch", "8"});
  EXPECT_EQ(other.exit_code, 1);
  EXPECT_THAT(other.err, HasSubstr("pictures an epoch"));
}

TEST_F(CliTrainTest, LearnsToLiftOnceARun) {
  // Two people in MPII's layout; of the second one only the first 6 of 16 joints are labelled.
  fs::create_directories(folder_ / "flat/images");
  WritePicture("flat/images/0.jpg", TwoSpots(64, 96, {20, 30}, {40, 60}, 8));
  Json flat = {{"images", {{{"id", 0}, {"file_name", "0.jpg"}, {"width", 64}, {"height", 96}}}}};
  for (const int labelled : {16, 6}) {
    std::vector<int> keypoints;
    for (int j = 0; j < 16; ++j) {
      for (const int value : {10 + 2 * j, 10 + (31 * j) % 70, 2}) {
        keypoints.push_back(j < labelled ? value : 0);
      }
    }
    flat["annotations"].push_back(
        {{"id", labelled}, {"image_id", 0}, {"bbox", {5, 5, 50, 80}}, {"keypoints", keypoints}});
  }
  fs::create_directories(folder_ / "flat/annotations");
  WriteText("flat/annotations/train.json", flat.dump());
  const Outcome first = Train("run", {"--lift", "--lift-people", "1000", "--data",
                                      "mpii:" + Path("flat"), "--epochs", "1"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, HasSubstr("learning how deep joints lie from 1000 people"));
  EXPECT_THAT(first.err, HasSubstr("mm off in the mean"));
  EXPECT_THAT(first.err, HasSubstr("\n1 people of the sets have lifted depths"));
  const Outcome again = Train("run", {"--continue", "--epochs", "2"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("learning how deep")));
  EXPECT_THAT(again.err, StartsWith("1 people of the sets have lifted depths"));
}

TEST_F(CliTrainTest, StoppedWhileItLearnsToLiftItKeepsNothing) {
  Process process(Command("run", {"--lift", "--lift-people", "10000000"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  ASSERT_TRUE(process.Running());
  process.Signal(SIGINT);
  const Outcome outcome = process.Wait();
  EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("stopped before the first step"));
  EXPECT_FALSE(fs::exists(folder_ / "run"));
}

TEST_F(CliTrainTest, TwoProcessesShareEachBatch) {
  ASSERT_EQ(Train("alone").exit_code, 0);
  Process first(Member(0, "both", {}));
  Process second(Member(1, "both", {}));
  const Outcome led = first.Wait();
  const Outcome followed = second.Wait();
  ASSERT_EQ(led.exit_code, 0) << led.err;
  ASSERT_EQ(followed.exit_code, 0) << followed.err;
  const auto open = [&](const char* folder) {
    return checkpoint::Read(folder_ / folder / "snapshot_2.safetensors");
  };
  const auto alone = open("alone");
  const auto both = open("both");
  ASSERT_TRUE(alone.ok() && both.ok());
  ASSERT_EQ(alone->tensors.size(), both->tensors.size());
  for (std::size_t i = 0; i < alone->tensors.size(); ++i) {
    const std::vector<float> expected = checkpoint::ToFloat(alone->tensors[i]);
    const std::vector<float> actual = checkpoint::ToFloat(both->tensors[i]);
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t j = 0; j < expected.size(); ++j) {
      ASSERT_NEAR(actual[j], expected[j], 2e-4 * (1 + std::abs(expected[j])))
          << alone->tensors[i].name;
    }
  }
}

TEST_F(CliTrainTest, WhereOneProcessIsStoppedAllStopTogether) {
  Process first(Member(0, "both", {"--epochs", "1000"}));
  Process second(Member(1, "both", {"--epochs", "1000"}));
  while (first.Running() && LoggedSteps("both") < 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  second.Signal(SIGTERM);
  for (Process* process : {&first, &second}) {
    const Outcome outcome = process->Wait();
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
  }
  EXPECT_TRUE(fs::exists(folder_ / "both/state.safetensors"));
}

TEST_F(CliTrainTest, OptionsGoToAFileAndComeBack) {
  const Outcome printed =
      Process(Command("run", {"--lr", "0.25", "--seed", "77", "--print-config"})).Wait();
  ASSERT_EQ(printed.exit_code, 0) << printed.err;
  const std::string file = WriteText("options.toml", printed.out);
  const Outcome again = Process({CNP_TRAINER, "--config", file, "--print-config"}).Wait();
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(again.out, printed.out);
  EXPECT_THAT(again.out, HasSubstr("lr=0.25"));
}

TEST_F(CliTrainTest, WrongUsageIsNamed) {
  const auto run = [](const Arguments& arguments) {
    std::vector<std::string> command = {CNP_TRAINER};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return Process(command).Wait();
  };
  const std::string out = Path("never");
  const std::pair<Arguments, const char*> wrong[] = {
      {{"--synth"}, "--out"},
      {{"--out", out}, "nobody to train on"},
      {{"--out", out, "--data", "mpii:" + out, "--avatars", "x"}, "--synth"},
      {{"--out", out, "--synth", "--share", "0.9:0.1"}, "--share"},
      {{"--out", out, "--synth", "--nonsense"}, "--nonsense"}};
  for (const auto& [arguments, word] : wrong) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << word;
    EXPECT_THAT(outcome.err, HasSubstr(word));
  }
  const std::pair<Arguments, const char*> absent[] = {
      {{"--out", out, "--data", "mpii:" + out}, "never"},
      {{"--out", out, "--data", "mpi:" + out}, "mpi"},
      {{"--out", out, "--synth", "--init", out + ".pth"}, "never.pth"},
      {{"--out", out, "--synth", "--input", "100"}, "100"},
      {{"--out", out, "--synth", "--device", "gpu"}, "gpu"}};
  for (const auto& [arguments, word] : absent) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << word;
    EXPECT_THAT(outcome.err, HasSubstr(word));
  }
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace
}  // namespace cnp::test
