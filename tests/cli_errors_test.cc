// What goes wrong at the front: one line that says what, where and the cure; the other inputs still
// run; the exit code tells.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// One line, from us, that holds all of `parts`.
void ExpectOneLine(const std::string& text, const std::vector<std::string>& parts) {
  EXPECT_THAT(text, StartsWith("convnextpose: "));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_TRUE(text.ends_with('\n')) << text;
  for (const std::string& part : parts) EXPECT_THAT(text, HasSubstr(part));
}

class CliErrorsTest : public CliTest {
 protected:
  CliErrorsTest() : good_(WritePerson("good.png")) {}

  // An input that fails between two that do not.
  void ExpectOthersRun(const std::string& bad, const std::vector<std::string>& parts,
                       const RunOptions& options = {}) {
    const Outcome outcome = Predict({good_, bad, good_, "--json", "-"}, options);
    EXPECT_EQ(outcome.exit_code, 1);
    ExpectOneLine(outcome.err, parts);
    const std::vector<Json> lines = Lines(outcome.out);
    ASSERT_EQ(lines.size(), 2U);
    for (const Json& line : lines) EXPECT_EQ(line["image"]["file"], good_);
  }

  // Nothing can run.
  void ExpectFailure(const Arguments& arguments, const std::vector<std::string>& parts,
                     int exit_code = 1) {
    Arguments all = {good_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = Predict(all);
    EXPECT_EQ(outcome.exit_code, exit_code);
    EXPECT_EQ(outcome.out, "");
    ExpectOneLine(outcome.err, parts);
  }

  void ExpectWeightsRefused(const Arguments& arguments, const std::vector<std::string>& parts) {
    Arguments all = {"predict", good_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = RunProgram(all);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    ExpectOneLine(outcome.err, parts);
  }

  std::string good_;
};

// ---- Inputs.

TEST_F(CliErrorsTest, AMissingPicture) {
  ExpectOthersRun(Path("none.png"), {Path("none.png"), "No such file", "check the path"});
}

TEST_F(CliErrorsTest, AFileThatIsNoPicture) {
  ExpectOthersRun(WriteText("notes.png", "no picture at all"),
                  {Path("notes.png"), "no picture of a known format", "convert it"});
}

TEST_F(CliErrorsTest, AnEmptyFile) {
  ExpectOthersRun(WriteText("empty.png", ""), {Path("empty.png"), "empty"});
}

TEST_F(CliErrorsTest, APictureCutShort) {
  const std::string bytes = Read(good_);
  ExpectOthersRun(WriteText("cut.png", bytes.substr(0, bytes.size() / 2)),
                  {Path("cut.png"), "cut short", "copy it again"});
}

TEST_F(CliErrorsTest, AFolderWithoutPictures) {
  fs::create_directories(Path("empty"));
  ExpectOthersRun(Path("empty"), {Path("empty"), "no pictures in this folder", ".jpg"});
}

TEST_F(CliErrorsTest, StandardInputThatIsNoPicture) {
  ExpectOthersRun("-", {"stdin", "no picture"}, {.stdin_file = WriteText("notes", "not one")});
}

// A box that fits one picture and not another.
TEST_F(CliErrorsTest, ABoxOutsideThePicture) {
  const std::string large =
      WritePicture("large.png", TwoSpots(800, 240, {650, 70}, {670, 160}, 30));
  const Outcome outcome = Predict({large, good_, large, "--box", "600,20,150,190", "--json", "-"});
  EXPECT_EQ(outcome.exit_code, 1);
  ExpectOneLine(outcome.err, {good_, "600,20,150,190", "outside the picture of 320 x 240"});
  EXPECT_EQ(Lines(outcome.out).size(), 2U);
}

TEST_F(CliErrorsTest, ADepthThatCannotBeFound) {
  // Both spots in one place: no bone has a length.
  const std::string flat = WritePicture("flat.png", TwoSpots(320, 240, {160, 120}, {160, 120}, 30));
  const Outcome outcome = Predict({flat, "--network-box", "0,-40,320,320"});
  EXPECT_EQ(outcome.exit_code, 1);
  ExpectOneLine(outcome.err, {flat, "person 1"});
}

// ---- Wrong usage.

TEST_F(CliErrorsTest, WrongUsageIsOneLineAndExitCodeTwo) {
  const auto expect_usage = [&](const Arguments& arguments, const std::vector<std::string>& parts) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    ExpectFailure(arguments, parts, 2);
  };
  expect_usage({"--box", "1,2,3"}, {"'1,2,3'", "width and height in pixels"});
  expect_usage({"--box", "1,2,3,x"}, {"'1,2,3,x'", "x,y,w,h"});
  expect_usage({"--box", "1,2,3,4,5"}, {"'1,2,3,4,5'", "x,y,w,h"});
  expect_usage({"--box", ""}, {"x,y,w,h"});
  expect_usage({"--network-box", "0,0,0,10"}, {"0,0,0,10", "no area"});
  expect_usage({"--variant", "XXL"}, {"'XXL'", "XS, S, M, L", "config.json"});
  expect_usage({"--variant", Path("none.json")}, {Path("none.json")});
  expect_usage({"--focal", "0"}, {"--focal", "not a positive number"});
  expect_usage({"--focal", "nan"}, {"--focal", "nan"});
  expect_usage({"--focal", "1,2,3"}, {"--focal", "1,2,3", "fx,fy"});
  expect_usage({"--fov", "0"}, {"--fov", "between 0 and 180"});
  expect_usage({"--fov", "180"}, {"--fov", "between 0 and 180"});
  expect_usage({"--fov", "60", "--focal", "1000"}, {"--focal", "--fov"});
  expect_usage({"--center", "3"}, {"--center", "cx,cy"});
  expect_usage({"--root-depth", "0"}, {"--root-depth", "millimetres above 0"});
  expect_usage({"--root-depth", "4000,inf"}, {"--root-depth", "millimetres above 0"});
  expect_usage({"--root-depth", "3000,4000"}, {"2 root depths for 0 boxes", "one for each box"});
  expect_usage({"--height", "-1"}, {"--height", "millimetres above 0"});
  expect_usage({"--isa", "MMX"}, {"'MMX'", "choose auto"});
  expect_usage({"--threads", "-1"}, {"--threads", "predict --help"});
  expect_usage({"--batch", "0"}, {"--batch", "predict --help"});
  expect_usage({"--joints", "0"}, {"--joints", "predict --help"});
  expect_usage({"--no-such-option"}, {"--no-such-option", "predict --help"});
}

TEST(CliUsageTest, ACommandLineThatNamesNoWorkIsWrongUsage) {
  const auto expect_usage = [](const Arguments& arguments, const std::string& part) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const Outcome outcome = RunProgram(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    ExpectOneLine(outcome.err, {part, "--help"});
  };
  expect_usage({}, "subcommand");
  expect_usage({"pose"}, "subcommand");
  expect_usage({"predict"}, "INPUT");
  expect_usage({"inspect"}, "FILE");
  expect_usage({"convert", "a.pth"}, "OUT");
}

// A number before a picture must not swallow it.
TEST_F(CliErrorsTest, OptionsWithListsEndAtTheirNumber) {
  const Outcome outcome = Predict({"--focal", "1000", "--center", "160,120", "--root-depth", "4000",
                                   "--network-box", "0,-40,320,320", good_, "--json", "-"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(Lines(outcome.out).size(), 1U);
}

// Only an .onnx file can end in heatmaps.
TEST_F(CliErrorsTest, HeatmapsOfAnotherFormatAreWrongUsage) {
  const Outcome outcome = RunProgram({"convert", pointer_, Path("out.safetensors"), "--heatmap"});
  EXPECT_EQ(outcome.exit_code, 2);
  ExpectOneLine(outcome.err, {"out.safetensors", "--heatmap", "name the output .onnx"});
  EXPECT_FALSE(fs::exists(Path("out.safetensors")));
}

TEST_F(CliErrorsTest, HalfPrecisionIsNotForOnnx) {
  const Outcome outcome = RunProgram({"convert", pointer_, Path("out.onnx"), "--half"});
  EXPECT_EQ(outcome.exit_code, 2);
  ExpectOneLine(outcome.err, {"out.onnx", "--half"});
  EXPECT_FALSE(fs::exists(Path("out.onnx")));
}

// ---- Weights.

TEST_F(CliErrorsTest, WeightsThatAreMissingOrNoCheckpoint) {
  ExpectWeightsRefused({"-w", Path("none.pth")}, {Path("none.pth"), "No such file"});
  ExpectWeightsRefused({"-w", good_}, {good_, "is a picture", "weights separately"});
  ExpectWeightsRefused({"-w", WriteText("a.pth", "nonsense")}, {Path("a.pth"), "no checkpoint"});
  const std::string bytes = Read(pointer_);
  ExpectWeightsRefused({"-w", WriteText("cut.pth", bytes.substr(0, bytes.size() / 2))},
                       {Path("cut.pth"), "truncated", "download it again"});
}

TEST_F(CliErrorsTest, AVariantOrJointCountThatTheTensorsContradict) {
  ExpectWeightsRefused({"-w", pointer_, "--variant", "XS"},
                       {pointer_, "not those of 'XS'", "dims 4,4,4,4, not 40,80,160,320"});
  ExpectWeightsRefused({"-w", pointer_, "--joints", "17"},
                       {pointer_, "576 channels", "17 joints", "another --joints"});
  ExpectWeightsRefused({"-w", pointer_, "--joint-set", "mpii"}, {"mpii", "16 joints", "18"});
}

// ---- Places to write to.

TEST_F(CliErrorsTest, AnOutputFolderBelowAFile) {
  ExpectFailure({"-o", good_ + "/out"}, {good_ + "/out", "cannot make this folder", "writable"});
  ExpectFailure({"-o", good_}, {good_, "cannot make this folder", "writable"});
}

// Not even root can make a file in /proc.
TEST_F(CliErrorsTest, AnOutputFolderThatTakesNoFiles) {
  const Outcome outcome = Predict({good_, good_, "-o", "/proc", "-q"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2) << "a line a picture";
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("convnextpose: /proc/good.json: cannot create"),
                                 HasSubstr("convnextpose: /proc/good-2.json: cannot create"),
                                 HasSubstr("writable")));
}

TEST_F(CliErrorsTest, AnOutputFolderWithoutPermission) {
  fs::create_directories(Path("locked"));
  ASSERT_EQ(::chmod(Path("locked").c_str(), 0500), 0);
  if (::access(Path("locked").c_str(), W_OK) == 0) GTEST_SKIP() << "root may write anywhere";
  ExpectFailure({"-o", Path("locked"), "-q"}, {Path("locked/good.json"), "Permission denied"});
}

TEST_F(CliErrorsTest, AJsonFileWhereNoneCanBe) {
  ExpectFailure({"--json", Path("none/all.jsonl"), "-q"},
                {Path("none/all.jsonl"), "cannot create", "choose a folder"});
}

TEST_F(CliErrorsTest, AFullDiskLeavesNothingHalfWritten) {
  const Outcome outcome = Predict({good_, "-o", Path("out"), "-q"}, {.max_file_bytes = 1000});
  EXPECT_EQ(outcome.exit_code, 1);
  ExpectOneLine(outcome.err, {Path("out/good.json"), "cannot write", "free some space"});
  EXPECT_THAT(NamesIn(Path("out")), IsEmpty());
}

TEST_F(CliErrorsTest, AFullStandardOutputIsToldOnceAndFilesAreWrittenAllTheSame) {
  const Outcome outcome =
      Predict({good_, good_, "--json", "-", "-o", Path("out")}, {.stdout_file = "/dev/full"});
  EXPECT_EQ(outcome.exit_code, 1);
  ExpectOneLine(outcome.err, {"standard output", "cannot write", "full"});
  EXPECT_THAT(NamesIn(Path("out")),
              AllOf(Contains("good.3d.png"), Contains("good-2.3d.png"), Contains("good-2.json")));
  for (const Arguments& arguments :
       {Arguments{"variants"}, Arguments{"inspect", pointer_}, Arguments{"predict", "--help"}}) {
    const Outcome other = RunProgram(arguments, {.stdout_file = "/dev/full"});
    EXPECT_EQ(other.exit_code, 1);
    ExpectOneLine(other.err, {"standard output", "cannot write"});
  }
}

// As after `| head`, in less output than a buffer holds and in more.
TEST_F(CliErrorsTest, AReaderWhoHasGoneIsNoError) {
  ASSERT_EQ(RunProgram({"dataset", "sample", "--out", Path("sample")}).exit_code, 0);
  const std::string truth = Path("sample/predictions/truth.json");
  const Arguments eval = {"eval", "--data", Path("sample"), "--predictions", truth, "--json"};
  Arguments to_file = eval;
  to_file.push_back(Path("result.json"));
  Arguments to_output = eval;
  to_output.emplace_back("-");
  const std::vector<Arguments> commands = {{"variants"},
                                           {"predict", "--help"},
                                           {"inspect", pointer_},
                                           {"dataset", "check", Path("sample"), "--json"},
                                           to_file,
                                           to_output,
                                           {"compare", Path("result.json"), "--json"}};
  for (const Arguments& arguments : commands) {
    SCOPED_TRACE(::testing::PrintToString(arguments));
    const Outcome outcome = RunProgram(arguments, {.reader_is_gone = true});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
  }
  EXPECT_TRUE(fs::exists(Path("result.json"))) << "files are written all the same";
}

TEST_F(CliErrorsTest, PredictEndsWithItsReaderUnlessItWritesFiles) {
  const Outcome lines = Predict({good_, good_, "--json", "-", "-q"}, {.reader_is_gone = true});
  EXPECT_EQ(lines.signal, SIGPIPE);
  EXPECT_EQ(lines.err, "");
  const Outcome files = Predict({good_, good_, "-o", Path("out")}, {.reader_is_gone = true});
  EXPECT_EQ(files.exit_code, 0);
  EXPECT_EQ(files.err, "");
  EXPECT_THAT(NamesIn(Path("out")), Contains("good-2.json"));
}

TEST_F(CliErrorsTest, ADeviceIsWrittenToAndNotReplaced) {
  ASSERT_EQ(::mkfifo(Path("pipe").c_str(), 0600), 0);
  const int pipe = ::open(Path("pipe").c_str(), O_RDWR | O_NONBLOCK);
  const Outcome outcome = Predict({good_, "--json", Path("pipe"), "-q"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::string line(65536, '\0');
  line.resize(std::max<ssize_t>(0, ::read(pipe, line.data(), line.size())));
  ::close(pipe);
  EXPECT_EQ(Lines(line).size(), 1U) << line;
  EXPECT_TRUE(fs::is_fifo(Path("pipe")));
}

// ---- Ctrl-C.

TEST_F(CliErrorsTest, CtrlCLeavesOnlyWholeFiles) {
  constexpr int kPictures = 300;
  for (int i = 0; i < kPictures; ++i) {
    fs::create_directories(Path("in"));
    fs::create_symlink(good_, Path("in/" + std::to_string(i) + ".png"));
  }
  for (int delay_ms = 0; delay_ms < 50; delay_ms += 7) {
    SCOPED_TRACE(delay_ms);
    const std::string out = Path("out" + std::to_string(delay_ms));
    fs::create_directories(out);
    Process process(
        ProgramCommand({"predict", "--weights", pointer_, Path("in"), "-o", out, "--quiet"}));
    while (process.Running() && fs::is_empty(out)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    process.Signal(SIGINT);
    const Outcome outcome = process.Wait();
    EXPECT_EQ(outcome.signal, SIGINT) << outcome.err;
    int whole = 0;
    for (const std::string& name : NamesIn(out)) {
      EXPECT_THAT(name, Not(HasSubstr(".tmp.")));
      if (!name.ends_with(".json")) continue;
      EXPECT_EQ(Json::parse(Read(fs::path(out) / name))["schema"], "convnextpose/1");
      ++whole;
    }
    EXPECT_LT(whole, kPictures) << "it was not interrupted";
  }
}

}  // namespace
}  // namespace cnp::test
