// The program as a user runs it, where all goes well. What goes wrong: cli_errors_test.cc.
#include <cmath>
#include <map>

#include "convnextpose/engine/isa.h"
#include "convnextpose/engine/kernels/dot_pointwise.h"
#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// The trained-like network of testdata/key_styles; its tensors leave open what it is.
class TrainedCliTest : public CliTest {
 protected:
  TrainedCliTest() {
    std::ifstream file(CNP_TESTDATA "/key_styles/expected.json");
    config_ = WriteText("config.json", Json::parse(file)["config"].dump());
  }
  /// JSON lines; a depth is given, for the network finds no bones.
  [[nodiscard]] std::string Answer(const Arguments& arguments) const {
    Arguments all = {"predict", "--json", "-", "--root-depth", "4000"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const Outcome outcome = RunProgram(all);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
  [[nodiscard]] std::string AnswerOfCanonical(const Arguments& arguments) const {
    Arguments all = {"--weights", kCanonical, "--variant", config_};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return Answer(all);
  }
  std::string WriteWaves(const std::string& name, int width, int height, double wavelength) {
    return WritePicture(name, Waves(width, height, wavelength));
  }
  static image::Image Waves(int width, int height, double wavelength) {
    image::Image picture = Grey(width, height);
    for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
      const double wave = std::sin(static_cast<double>(i) / wavelength);
      picture.rgb[i] = static_cast<std::uint8_t>(128 + 120 * wave);
    }
    return picture;
  }

  static constexpr const char* kCanonical = CNP_TESTDATA "/key_styles/canonical.pth";
  std::string config_;
};

// Of all joints of all people of all pictures.
std::vector<pose::Vec3> Cells(const std::string& lines) {
  std::vector<pose::Vec3> cells;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    const Json answer = Json::parse(line);
    for (const Json& person : answer["people"]) {
      for (const Json& joint : person["joints"]) {
        const Json& cell = joint["heatmap"];
        cells.push_back({cell[0], cell[1], cell[2]});
      }
    }
  }
  return cells;
}

// ---- What is printed.

TEST_F(CliTest, JsonIsOneObjectAPictureAndLine) {
  const std::string a = WritePerson("a.png");
  const std::string b = WritePicture("b.png", Grey(64, 48));
  const Outcome outcome = Predict({a, b, "--json", "-"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  const std::vector<Json> lines = Lines(outcome.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["schema"], "convnextpose/1");
  EXPECT_EQ(lines[0]["image"], (Json{{"file", a}, {"width", 320}, {"height", 240}}));
  EXPECT_EQ(lines[1]["image"], (Json{{"file", b}, {"width", 64}, {"height", 48}}));
  ASSERT_EQ(lines[0]["people"].size(), 1U);
  EXPECT_EQ(lines[0]["people"][0]["joints"].size(), 18U);
  EXPECT_EQ(lines[0]["people"][0]["joints"][17]["name"], "Thorax");
  EXPECT_THAT(lines[1]["people"], IsEmpty());
  EXPECT_NE(lines[1]["note"].get<std::string>(), "");
}

TEST_F(CliTest, BoxesAndDepthsThatWereGivenAreMarkedAsSuch) {
  const std::string picture = WritePerson("a.png");
  const Json given =
      Lines(Predict({picture, "--network-box", "30,-10,256,256", "--root-depth", "4321", "--focal",
                     "1145,1143", "--center", "150,110", "--json", "-"})
                .out)
          .at(0);
  const Json& person = given["people"][0];
  EXPECT_TRUE(person["box_px"].is_null());
  EXPECT_EQ(person["network_box_px"], Json({30.0, -10.0, 256.0, 256.0}));
  EXPECT_EQ(person["root_depth_source"], "given");
  EXPECT_EQ(person["root_depth_mm"], 4321.0);
  EXPECT_NEAR(person["joints"][0]["camera_mm"][2].get<double>(), 4321, 0.01);
  EXPECT_EQ(
      given["camera"],
      (Json{{"focal_px", {1145.0, 1143.0}}, {"center_px", {150.0, 110.0}}, {"assumed", false}}));

  const Json assumed =
      Lines(Predict({picture, "--box", "100,40,120,160", "--json", "-"}).out).at(0);
  EXPECT_EQ(assumed["people"][0]["box_px"], Json({100.0, 40.0, 120.0, 160.0}));
  EXPECT_EQ(assumed["people"][0]["root_depth_source"], "bone-length");
  EXPECT_EQ(
      assumed["camera"],
      (Json{{"focal_px", {1500.0, 1500.0}}, {"center_px", {160.0, 120.0}}, {"assumed", true}}));
}

TEST_F(CliTest, BoxesOfTwoPeopleGiveTwoPeopleInTheirOrder) {
  const std::string picture = WritePerson("a.png");
  const Json answer = Lines(Predict({picture, "--box", "120,30,90,160", "--box", "100,40,120,160",
                                     "--root-depth", "3000,4000", "--json", "-"})
                                .out)
                          .at(0);
  ASSERT_EQ(answer["people"].size(), 2U);
  EXPECT_EQ(answer["people"][0]["box_px"][0], 120.0);
  EXPECT_EQ(answer["people"][0]["root_depth_mm"], 3000.0);
  EXPECT_EQ(answer["people"][1]["box_px"][0], 100.0);
  EXPECT_EQ(answer["people"][1]["root_depth_mm"], 4000.0);
}

// By somebody else's validator, which must also refuse what is wrong.
TEST_F(CliTest, EveryAnswerIsValidAgainstThePublishedSchema) {
  const auto python = [](const Arguments& arguments) {
    Arguments command = {"/usr/bin/python3"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return Process(command).Wait();
  };
  if (python({"-c", "import jsonschema"}).exit_code != 0) {
    GTEST_SKIP() << "Debian's python3-jsonschema absent";
  }
  const std::string picture = WritePerson("a.png");
  const std::string nobody = WritePicture("b.png", Grey(64, 48));
  const std::string answers =
      Predict({picture, nobody, "--json", "-"}).out +
      Predict({picture, "--network-box", "30,-10,256,256", "--json", "-", "--flip-test"}).out +
      Predict({picture, "--box", "100,40,120,160", "--root-depth", "4000", "--json", "-"}).out;
  EXPECT_EQ(Lines(answers).size(), 4U);
  const char* script =
      "import json, jsonschema, sys\n"
      "schema = json.load(open(sys.argv[1]))\n"
      "for line in open(sys.argv[2]):\n"
      "    jsonschema.validate(json.loads(line), schema)\n";
  const auto validate = [&](const std::string& lines) {
    return python({"-c", script, CNP_SCHEMA, WriteText("answers.jsonl", lines)});
  };
  const Outcome valid = validate(answers);
  EXPECT_EQ(valid.exit_code, 0) << valid.err;
  Json wrong = Lines(answers)[0];
  wrong["people"][0]["joints"][0].erase("confidence");
  EXPECT_THAT(validate(wrong.dump() + "\n").err, HasSubstr("'confidence' is a required property"));
}

TEST_F(CliTest, TheWeightsAreNamedByPathAndHash) {
  const Json answer = Lines(Predict({WritePerson("a.png"), "--json", "-"}).out).at(0);
  EXPECT_EQ(answer["model"]["weights"], pointer_);
  const std::string expected = Process({"sha256sum", pointer_}).Wait().out.substr(0, 64);
  ASSERT_EQ(expected.size(), 64U);
  EXPECT_EQ(answer["model"]["sha256"], expected);
}

TEST_F(CliTest, OnePictureGivesATableAndSeveralALineEach) {
  const std::string a = WritePerson("a.png");
  const std::string b = WritePicture("b.png", Grey(64, 48));
  const Outcome one = Predict({a});
  EXPECT_EQ(one.err, "");
  EXPECT_THAT(one.out, AllOf(StartsWith(a + ": person 1: confidence "), HasSubstr("R_Shoulder"),
                             HasSubstr("focal length 1500 px assumed"),
                             HasSubstr("root depth from bone lengths")));
  const Outcome two = Predict({a, b});
  EXPECT_THAT(two.out, AllOf(HasSubstr(a + ": 1 person, confidence 0."),
                             HasSubstr(b + ": no person: "), Not(HasSubstr("R_Shoulder"))));
  EXPECT_EQ(Predict({a, b, "--quiet"}).out, "");
}

TEST_F(CliTest, JsonGoesToAFileAsWell) {
  const std::string picture = WritePerson("a.png");
  const std::string lines = Predict({picture, picture, "--json", "-"}).out;
  const Outcome outcome = Predict({picture, picture, "--json", Path("all.jsonl"), "-q"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(Read(Path("all.jsonl")), lines);
}

// ---- What is read.

TEST_F(CliTest, AMinusIsStandardInput) {
  const std::string picture = WritePerson("a.png");
  Json expected = Lines(Predict({picture, "--json", "-"}).out).at(0);
  const Outcome outcome = Predict({"-", "--json", "-"}, {.stdin_file = picture});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json actual = Lines(outcome.out).at(0);
  expected["image"]["file"] = "-";
  EXPECT_EQ(actual, expected);
}

TEST_F(CliTest, AFolderIsItsPicturesInTheOrderOfTheirNames) {
  WritePicture("in/b.png", Grey(64, 48));
  WritePicture("in/a.PNG", Grey(64, 48));
  WritePicture("in/deeper/c.png", Grey(64, 48));
  WriteText("in/notes.txt", "no picture");
  const std::vector<Json> lines = Lines(Predict({Path("in"), "--json", "-"}).out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0]["image"]["file"], Path("in/a.PNG"));
  EXPECT_EQ(lines[1]["image"]["file"], Path("in/b.png"));
}

// ---- What is written.

TEST_F(CliTest, TheOutputFolderGetsJsonAndTwoPicturesThatDecode) {
  const std::string picture = WritePerson("a.png");
  const Outcome outcome = Predict({picture, "-o", Path("new/out"), "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(NamesIn(Path("new/out")),
              UnorderedElementsAre("a.json", "a.overlay.png", "a.3d.png"));
  EXPECT_EQ(Read(Path("new/out/a.json")), outcome.out);
  const auto overlay = image::Load(Path("new/out/a.overlay.png"));
  ASSERT_TRUE(overlay.ok());
  EXPECT_EQ(overlay->width, 320);
  EXPECT_EQ(overlay->height, 240);
  EXPECT_NE(overlay->rgb, image::Load(picture)->rgb) << "nothing is drawn";
  const auto view = image::Load(Path("new/out/a.3d.png"));
  ASSERT_TRUE(view.ok());
  EXPECT_GT(view->width, 300);
}

TEST_F(CliTest, InputsOfOneNameGetDifferentOutputs) {
  const std::string first = WritePerson("x/photo.png");
  const std::string second = WritePicture("y/photo.png", Grey(64, 48));
  ASSERT_EQ(Predict({first, second, "-o", Path("out"), "-q"}).exit_code, 0);
  EXPECT_THAT(NamesIn(Path("out")),
              UnorderedElementsAre("photo.json", "photo.overlay.png", "photo.3d.png",
                                   "photo-2.json", "photo-2.overlay.png", "photo-2.3d.png"));
  EXPECT_EQ(Json::parse(Read(Path("out/photo.json")))["image"]["file"], first);
  EXPECT_EQ(Json::parse(Read(Path("out/photo-2.json")))["image"]["file"], second);
}

// ---- The same answer everywhere.

TEST_F(TrainedCliTest, ThreadsAndBatchesChangeNoDigit) {
  Arguments arguments = {"--box", "5,5,70,60", "--network-box", "-10,0,90,90"};
  for (int i = 0; i < 5; ++i) {
    arguments.push_back(WriteWaves("p" + std::to_string(i) + ".png", 90 + i, 70 - i, 11.3 + i));
  }
  for (const Arguments& mode : {Arguments{}, Arguments{"--flip-test"}}) {
    std::string expected;
    for (const char* threads : {"1", "2", "3"}) {
      for (const char* batch : {"1", "2", "8"}) {
        Arguments all = arguments;
        all.insert(all.end(), {"--threads", threads, "--batch", batch});
        all.insert(all.end(), mode.begin(), mode.end());
        const std::string answer = AnswerOfCanonical(all);
        if (expected.empty()) expected = answer;
        EXPECT_EQ(answer, expected) << threads << " threads, batch " << batch;
      }
    }
    EXPECT_EQ(Cells(expected).size(), 5U * 2 * 18);
  }
}

TEST_F(TrainedCliTest, EveryInstructionSetAgrees) {
  const std::string picture = WriteWaves("a.png", 90, 70, 11.3);
  const Arguments arguments = {picture, "--network-box", "0,0,70,70"};
  const std::vector<pose::Vec3> expected = Cells(AnswerOfCanonical(arguments));
  ASSERT_EQ(expected.size(), 18U);
  for (const std::string& isa : engine::SupportedIsas()) {
    Arguments all = arguments;
    all.insert(all.end(), {"--isa", isa});
    const std::string answer = AnswerOfCanonical(all);
    EXPECT_EQ(Json::parse(answer)["engine"]["isa"], isa) << "not the one that was asked for";
    const std::vector<pose::Vec3> cells = Cells(answer);
    ASSERT_EQ(cells.size(), expected.size());
    for (std::size_t joint = 0; joint < cells.size(); ++joint) {
      for (int axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(cells[joint][axis], expected[joint][axis], 1e-3) << isa << " joint " << joint;
      }
    }
  }
}

TEST_F(TrainedCliTest, EveryPrecisionIsNearAndSaysItsName) {
  const std::string picture = WriteWaves("a.png", 90, 70, 11.3);
  const Arguments arguments = {picture, "--network-box", "0,0,70,70"};
  const std::vector<pose::Vec3> expected = Cells(AnswerOfCanonical(arguments));
  for (const std::string precision : {"f16", "int8"}) {
    if (precision == "int8" && !engine::HasDotProducts()) continue;
    Arguments all = arguments;
    all.insert(all.end(), {"--precision", precision});
    const std::string answer = AnswerOfCanonical(all);
    EXPECT_EQ(Json::parse(answer)["engine"]["precision"], precision);
    const std::vector<pose::Vec3> cells = Cells(answer);
    ASSERT_EQ(cells.size(), expected.size());
    double difference = 0;
    for (std::size_t joint = 0; joint < cells.size(); ++joint) {
      for (int axis = 0; axis < 3; ++axis) {
        EXPECT_NEAR(cells[joint][axis], expected[joint][axis], 0.5) << precision;
        difference += std::abs(cells[joint][axis] - expected[joint][axis]);
      }
    }
    EXPECT_GT(difference, 0) << precision << " changes nothing";
  }
}

// Running the mirrored picture by hand and turning its answer around gives the same.
TEST_F(TrainedCliTest, TheFlipTestIsTheMeanWithTheMirroredPicture) {
  constexpr int kWidth = 100;
  const image::Image picture = Waves(kWidth, 80, 17.7);
  const std::string straight = WritePicture("straight.png", picture);
  const std::string mirrored = WritePicture("mirrored.png", Mirrored(picture));
  const auto cells = [&](const std::string& path, const std::string& box, bool flip_test) {
    Arguments arguments = {path, "--network-box", box};
    if (flip_test) arguments.emplace_back("--flip-test");
    return Cells(AnswerOfCanonical(arguments));
  };
  // 64 columns from 10 on: the mirrored crop's first is the picture's column 10 + 63 = 73.
  const std::vector<pose::Vec3> a = cells(straight, "10,5,64,64", false);
  const std::vector<pose::Vec3> b =
      cells(mirrored, std::to_string(kWidth - 1 - 73) + ",5,64,64", false);
  const std::vector<pose::Vec3> both = cells(straight, "10,5,64,64", true);
  ASSERT_EQ(both.size(), 18U);
  const std::map<int, int> pairs = {{1, 4}, {2, 5}, {3, 6}, {14, 11}, {15, 12}, {16, 13}};
  std::map<int, int> other;
  for (const auto& [right, left] : pairs) {
    other[right] = left;
    other[left] = right;
  }
  for (int joint = 0; joint < 18; ++joint) {
    const int k = other.contains(joint) ? other[joint] : joint;
    EXPECT_NEAR(both[joint][0], (a[joint][0] + 8 - 1 - b[k][0]) / 2, 1e-3) << joint;
    EXPECT_NEAR(both[joint][1], (a[joint][1] + b[k][1]) / 2, 1e-3) << joint;
    EXPECT_NEAR(both[joint][2], (a[joint][2] + b[k][2]) / 2, 1e-3) << joint;
  }
}

TEST_F(TrainedCliTest, EveryStyleOfKeysGivesTheSameDigits) {
  const std::string picture = WriteWaves("a.png", 90, 70, 11.3);
  const std::vector<pose::Vec3> expected =
      Cells(AnswerOfCanonical({picture, "--network-box", "0,0,70,70"}));
  ASSERT_EQ(expected.size(), 18U);
  std::ifstream file(CNP_TESTDATA "/key_styles/expected.json");
  const Json json = Json::parse(file);
  for (const std::string name : json["files"]) {
    SCOPED_TRACE(name);
    const std::string weights = std::string(CNP_TESTDATA "/key_styles/") + name;
    EXPECT_EQ(
        Cells(Answer({picture, "--network-box", "0,0,70,70", "-w", weights, "--variant", config_})),
        expected);
  }
}

TEST_F(TrainedCliTest, ConvertedWeightsGiveTheSameDigits) {
  const std::string picture = WriteWaves("a.png", 90, 70, 11.3);
  const std::vector<pose::Vec3> expected =
      Cells(AnswerOfCanonical({picture, "--network-box", "0,0,70,70"}));
  ASSERT_EQ(expected.size(), 18U);
  const std::string safetensors = Path("tiny.safetensors");
  const std::string torch = Path("tiny.pth");
  const Outcome there = RunProgram({"convert", kCanonical, safetensors, "--variant", config_});
  ASSERT_EQ(there.exit_code, 0) << there.err;
  const Outcome back = RunProgram({"convert", safetensors, torch});
  ASSERT_EQ(back.exit_code, 0) << back.err;
  // A safetensors file of ours says itself what it is.
  EXPECT_EQ(Cells(Answer({picture, "--network-box", "0,0,70,70", "-w", safetensors})), expected);
  EXPECT_EQ(
      Cells(Answer({picture, "--network-box", "0,0,70,70", "-w", torch, "--variant", config_})),
      expected);
}

TEST_F(CliTest, TheEndingMakesItOnnxAndHeatmapEndsItThere) {
  const std::string onnx = Path("pointer.onnx");
  const Outcome whole = RunProgram({"convert", pointer_, onnx});
  if (whole.err.find("this build writes no ONNX") != std::string::npos) GTEST_SKIP() << whole.err;
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("pointer.onnx: custom, ONNX"));
  EXPECT_THAT(Read(onnx), AllOf(HasSubstr("coordinates"), HasSubstr("Softmax")));
  ASSERT_EQ(RunProgram({"convert", pointer_, onnx, "--heatmap"}).exit_code, 0);
  EXPECT_THAT(Read(onnx), Not(HasSubstr("Softmax")));
}

// ---- Help.

TEST(CliHelpTest, EverySubcommandExplainsItselfWithExamples) {
  const Outcome root = RunProgram({"--help"});
  EXPECT_EQ(root.exit_code, 0);
  EXPECT_EQ(root.err, "");
  for (const char* command : {"predict", "inspect", "variants", "convert"}) {
    EXPECT_THAT(root.out, HasSubstr(command));
    const Outcome help = RunProgram({command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out,
                AllOf(HasSubstr("Examples:"), HasSubstr(std::string("convnextpose ") + command)));
  }
  EXPECT_THAT(RunProgram({"--version"}).out, StartsWith("convnextpose "));
}

// ---- The weights that come with the program.

TEST_F(CliTest, WithoutWeightsItTakesItsOwn) {
  const std::string picture = WritePicture("grey.png", Grey(60, 50));
  const Outcome outcome = RunProgram(
      {"predict", picture, "--network-box", "0,0,60,50", "--root-depth", "4000", "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json answer = Lines(outcome.out).at(0);
  EXPECT_EQ(answer["model"]["variant"], "XS");
  EXPECT_THAT(answer["model"]["weights"].get<std::string>(),
              EndsWith("/convnextpose_xs.safetensors"));
  const std::string weights = answer["model"]["weights"];
  EXPECT_LE(fs::file_size(weights), 8'000'000U);
  const Outcome inspected = RunProgram({"inspect", weights, "--json"});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.out << inspected.err;
}

// assets/README.md has what they reach; these bounds are a little wider.
TEST_F(CliTest, ItsOwnWeightsAreAsGoodAsSaid) {
  const fs::path data = fs::path(CNP_SHARED) / "real-val" / "calibrated";
  if (!fs::exists(data)) GTEST_SKIP() << data << " absent";
  const std::string weights = CNP_ASSETS "/convnextpose_xs.safetensors";
  const Outcome outcome = RunProgram({"eval", "--dataset", "human36m", "--protocol", "1", "--data",
                                      data.string(), "--weights", weights, "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json metrics = Json::parse(outcome.out)["metrics"];
  EXPECT_LT(metrics["mpjpe_mm"], 125);
  EXPECT_GT(metrics["pck2d_10"], 0.97);
}

// ---- A photograph.

TEST_F(CliTest, ATrainedNetworkFindsTheFootballer) {
  const std::string weights = CNP_SHARED "/weights/convnextpose_xs_refit.pth.tar";
  const std::string photograph = "/usr/share/doc/opencv-doc/examples/data/messi5.jpg";
  if (!fs::exists(weights) || !fs::exists(photograph)) {
    GTEST_SKIP() << weights << " or " << photograph << " absent";
  }
  const Outcome outcome = RunProgram({"predict", "-w", weights, photograph, "--json", "-"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json answer = Lines(outcome.out).at(0);
  EXPECT_EQ(answer["model"]["variant"], "XS");
  ASSERT_EQ(answer["people"].size(), 1U) << answer["note"];
  const Json& joints = answer["people"][0]["joints"];
  const auto y = [&](int joint) { return joints[joint]["image_px"][1].get<double>(); };
  EXPECT_LT(y(10), y(17)) << "the head is above the shoulders";
  EXPECT_LT(y(17), y(0)) << "and they above the pelvis";
  const double depth_mm = answer["people"][0]["root_depth_mm"];
  EXPECT_GT(depth_mm, 3000);
  EXPECT_LT(depth_mm, 20000);
}

}  // namespace
}  // namespace cnp::test
