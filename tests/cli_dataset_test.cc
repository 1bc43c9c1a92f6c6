// `convnextpose dataset` as a user runs it.
#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// One sample set for all tests of this file; a test that spoils it takes a copy.
class CliDatasetTest : public CliTest {
 protected:
  static void SetUpTestSuite() {
    sample = fs::path(::testing::TempDir()) / ("cnp_sample_" + std::to_string(::getpid()));
    const Outcome outcome = RunProgram({"dataset", "sample", "--out", sample.string()}, {});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  }
  static void TearDownTestSuite() { fs::remove_all(sample); }

  [[nodiscard]] fs::path Copy() const {
    fs::copy(sample, folder_ / "copy", fs::copy_options::recursive);
    return folder_ / "copy";
  }
  static Outcome Dataset(Arguments arguments) {
    arguments.insert(arguments.begin(), "dataset");
    return RunProgram(arguments, {});
  }
  // Of a set with something wrong.
  static Json CheckFails(const fs::path& folder, const Arguments& more = {}) {
    Arguments arguments = {"check", "--json", folder.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = Dataset(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << outcome.out;
    return Json::parse(outcome.out);
  }
  static fs::path Picture(const fs::path& set, const std::string& take) {
    return set / "images" / take / (take + "_000065.jpg");
  }

  static inline fs::path sample;
};

TEST_F(CliDatasetTest, TheSampleIsFine) {
  const Outcome outcome = Dataset({"check", "--json", "--all-pictures", sample.string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const Json report = Json::parse(outcome.out);
  EXPECT_TRUE(report["fine"]);
  ASSERT_EQ(report["parts"].size(), 3U);
  EXPECT_EQ(report["parts"][1]["part"], "subject 9");
  EXPECT_EQ(report["parts"][1]["people"], 72);
  EXPECT_EQ(report["parts"][1]["pictures"]["decoded"], 60);  // Without the frame that nobody reads.
  EXPECT_THAT(report["protocols"][1], HasSubstr("evaluation complete"));
  const Outcome text = Dataset({"check", sample.string()});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("training lacks subject 5, 6, 7, 8"));
}

TEST_F(CliDatasetTest, TheSampleDependsOnItsSeedAlone) {
  const std::string joints = "annotations/Human36M_subject9_joint_3d.json";
  for (const auto& [seed, same] : {std::pair{"1", true}, {"2", false}}) {
    const fs::path again = folder_ / seed;
    ASSERT_EQ(Dataset({"sample", "--seed", seed, "--out", again.string()}).exit_code, 0);
    EXPECT_EQ(Read(again / joints) == Read(sample / joints), same);
    EXPECT_EQ(
        Read(again / "predictions/mirrored.json") == Read(sample / "predictions/mirrored.json"),
        same);
  }
}

TEST_F(CliDatasetTest, MissingAndBrokenPicturesAreToldWithTheCure) {
  const fs::path set = Copy();
  fs::remove(Picture(set, "s_09_act_02_subact_01_ca_01"));
  const fs::path cut = Picture(set, "s_09_act_02_subact_01_ca_02");
  fs::resize_file(cut, fs::file_size(cut) / 2);
  const fs::path other = Picture(set, "s_09_act_02_subact_01_ca_03");
  fs::remove(other);
  fs::rename(WritePicture("small.png", Grey(64, 48)), other);
  const Json report = CheckFails(set, {"--all-pictures"});
  const Json& nine = report["parts"][1];
  EXPECT_FALSE(nine["fine"]);
  EXPECT_TRUE(report["parts"][0]["fine"]);
  EXPECT_EQ(nine["pictures"]["missing"]["count"], 1);
  EXPECT_THAT(nine["pictures"]["missing"]["named"][0]["where"], HasSubstr("ca_01_000065.jpg"));
  ASSERT_EQ(nine["pictures"]["broken"]["count"], 2);
  EXPECT_THAT(nine["pictures"]["broken"]["named"][0]["where"], HasSubstr("ca_02_000065.jpg"));
  EXPECT_THAT(nine["pictures"]["broken"]["named"][1]["what"], HasSubstr("is 64 x 48 pixels"));
  EXPECT_EQ(nine["cures"].size(), 2U);
}

TEST_F(CliDatasetTest, MissingFilesAreToldWithTheCure) {
  const fs::path set = Copy();
  fs::remove(set / "annotations/Human36M_subject11_camera.json");
  fs::remove_all(set / "images");
  std::ofstream(set / "images.zip") << "not unpacked";
  const Json report = CheckFails(set);
  EXPECT_EQ(report["parts"][2]["missing_files"][0], "Human36M_subject11_camera.json");
  EXPECT_THAT(report["parts"][0]["cures"][0],
              HasSubstr("no picture is there: unpack them so that"));
  EXPECT_THAT(report["protocols"][0], HasSubstr("evaluation lacks subject 11"));
  EXPECT_EQ(report["archives"].size(), 1U);
  const Outcome text = Dataset({"check", set.string()});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.out, HasSubstr("Human36M_subject11_camera.json is nowhere"));
}

TEST_F(CliDatasetTest, AnnotationsThatCannotBeReadAreTold) {
  const fs::path set = Copy();
  fs::resize_file(set / "annotations/Human36M_subject9_data.json", 1000);
  const Json report = CheckFails(set);
  EXPECT_THAT(report["parts"][1]["error"], HasSubstr("offset 1000: the file ends"));
  EXPECT_FALSE(report["parts"][1]["fine"]);
  EXPECT_TRUE(report["parts"][2]["fine"]);
}

// An evaluation counts them and goes on.
TEST_F(CliDatasetTest, BrokenAnnotationsAreWarnedOf) {
  const fs::path set = Copy();
  const fs::path lying = set / "annotations/Human36M_subject11_data.json";
  Json data = Json::parse(Read(lying));
  data["annotations"][3]["image_id"] = 123456;
  data["annotations"][4]["bbox"] = {10, 10, 0, 5};
  std::ofstream(lying) << data;
  const Outcome outcome = Dataset({"check", "--json", set.string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  const Json eleven = Json::parse(outcome.out)["parts"][2];
  EXPECT_TRUE(eleven["fine"]);
  EXPECT_EQ(eleven["left_out"]["count"], 2);
  EXPECT_THAT(eleven["left_out"]["named"][0]["what"], HasSubstr("image 123456"));
  EXPECT_THAT(eleven["left_out"]["named"][1]["where"], HasSubstr("Human36M_subject11_data.json"));
  ASSERT_EQ(eleven["warnings"].size(), 1U);
  EXPECT_THAT(eleven["warnings"][0], HasSubstr("2 broken annotations"));
  const Outcome text = Dataset({"check", set.string()});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, ::testing::AllOf(HasSubstr("warnings"), HasSubstr("2 broken annotations"),
                                         HasSubstr("image 123456")));
}

// One of testdata's six people is not valid.
TEST_F(CliDatasetTest, WhomTheDatasetsOwnRuleSkipsIsNoProblem) {
  const fs::path set = folder_ / "mupots";
  fs::copy(CNP_TESTDATA "/datasets/mupots", set);
  const Json labels = Json::parse(Read(set / "MuPoTS-3D.json"));
  for (const Json& picture : labels["images"]) {
    const std::string name = "mupots/MultiPersonTestSet/" + picture["file_name"].get<std::string>();
    WritePicture(name, Grey(picture["width"], picture["height"]));
  }
  const Outcome outcome = Dataset({"check", "--json", set.string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  const Json part = Json::parse(outcome.out)["parts"][0];
  EXPECT_EQ(part["skipped_by_rule"], 1);
  EXPECT_TRUE(part["warnings"].empty());
  // Without them an evaluation would be of other people than it says.
  fs::remove(set / "MultiPersonTestSet" / labels["images"][2]["file_name"].get<std::string>());
  EXPECT_EQ(CheckFails(set)["parts"][0]["pictures"]["missing"]["count"], 1);
}

TEST_F(CliDatasetTest, HelpTellsTheExitCodes) {
  const Outcome help = Dataset({"check", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("broken annotations are counted, named and warned of"));
}

TEST_F(CliDatasetTest, NothingThereIsToldWithWhatIsExpected) {
  const Outcome outcome = Dataset({"check", folder_.string()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("no known dataset"));
  EXPECT_THAT(outcome.out, HasSubstr("MuPoTS-3D.json"));
  EXPECT_EQ(Dataset({"check", Path("nowhere")}).exit_code, 1);
  EXPECT_EQ(Dataset({"check"}).exit_code, 2);
  EXPECT_EQ(Dataset({}).exit_code, 2);
}

// The picture drawn again without joints differs from the one shown where they are, and there
// alone.
TEST_F(CliDatasetTest, ShowDrawsTheJointsOnThePicture) {
  const std::string out = Path("shown.png");
  const Outcome outcome = Dataset({"show", sample.string(), "5", "-o", out});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("subject 9"));
  const auto shown = image::Load(out);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->width, 1000);
  const std::string name = outcome.out.substr(outcome.out.find("s_09"));
  const auto picture = image::Load(sample / "images" / name.substr(0, name.find(".jpg") + 4));
  ASSERT_TRUE(picture.ok());
  std::size_t changed = 0;
  for (std::size_t i = 0; i < shown->rgb.size(); ++i) {
    changed += std::abs(int{shown->rgb[i]} - int{picture->rgb[i]}) > 60 ? 1U : 0U;
  }
  EXPECT_GT(changed, 500U);     // The boxes are new; the joints cover those that are drawn already.
  EXPECT_LT(changed, 60'000U);  // Of 3 million.
}

TEST_F(CliDatasetTest, ShowTellsWhatIsNotThere) {
  const Outcome far = Dataset({"show", sample.string(), "1000", "-o", Path("a.png")});
  EXPECT_EQ(far.exit_code, 1);
  EXPECT_THAT(far.err, HasSubstr("there is no sample 1000, there are 72"));
  const Outcome none = Dataset({"show", folder_.string(), "0", "-o", Path("a.png")});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.err, HasSubstr("no known dataset"));
  EXPECT_FALSE(fs::exists(Path("a.png")));
  const Outcome blocked = Dataset({"sample", "--out", pointer_});
  EXPECT_EQ(blocked.exit_code, 1);
  EXPECT_THAT(blocked.err, HasSubstr("cannot create"));
}

}  // namespace
}  // namespace cnp::test
