// `compare` as a user runs it. What it prints: apps/cli/compare_test.cc.
#include "convnextpose/eval/result.h"
#include "tests/cli_fixture.h"

namespace cnp::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class CliCompareTest : public CliTest {
 protected:
  // A result of Human3.6M, protocol 2, evaluated as the paper's.
  std::string WriteResult(const std::string& file, const std::string& variant, double mm) {
    eval::Evaluation evaluation;
    evaluation.dataset = "human36m";
    evaluation.protocol = 2;
    evaluation.joints = &pose::Human36m();
    evaluation.model.name = "net.pth";
    evaluation.model.variant = variant;
    evaluation.settings.flip_test = true;
    evaluation.settings.boxes = evaluation.settings.roots = "labelled";
    for (int i = 0; i < 30; ++i) {
      eval::Record record;
      record.image_id = i;
      record.file = "picture_" + std::to_string(i) + ".jpg";
      record.errors.mpjpe_mm = mm + i % 5 - 2;
      evaluation.records.push_back(record);
    }
    evaluation.summary = eval::Summarise(evaluation.records, *evaluation.joints);
    return WriteText(file, eval::ToJson(evaluation));
  }
};

TEST_F(CliCompareTest, PutsModelsSideBySide) {
  const std::string xs = WriteResult("a.json", "XS", 56.5);
  const std::string l = WriteResult("b.json", "L", 49.5);
  const std::string page = Path("page.html");
  const Outcome outcome = RunProgram({"compare", xs, l, "--html", page});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("56.61"), HasSubstr("49.75"), HasSubstr("as published"),
                                 HasSubstr("L against XS"), HasSubstr("-7.00")));
  EXPECT_THAT(Read(page), AllOf(StartsWith("<!doctype html>"), HasSubstr("picture_4.jpg")));
  EXPECT_THAT(RunProgram({"compare", xs, l, "--markdown"}).out, HasSubstr("| XS |"));
}

TEST_F(CliCompareTest, ModelsOfOneNameAreToldApartByTheirFiles) {
  const Outcome outcome = RunProgram({"compare", WriteResult("before.json", "XS", 57),
                                      WriteResult("after.json", "XS", 56), "--json"});
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["models"][0]["label"], "before");
  EXPECT_EQ(json["models"][1]["label"], "after");
  EXPECT_NEAR(json["pairs"][0]["difference"], -1, 1e-6);
}

TEST_F(CliCompareTest, CheckTellsByTheExitCode) {
  const std::string near = WriteResult("near.json", "XS", 57.3);
  EXPECT_EQ(RunProgram({"compare", near, "--check"}).exit_code, 0);
  EXPECT_EQ(RunProgram({"compare", near, "--check", "--tolerance", "0.5"}).exit_code, 1);
  EXPECT_EQ(RunProgram({"compare", near, "--tolerance", "0.5"}).exit_code, 0);
  const std::string custom = WriteResult("custom.json", "", 57.3);
  EXPECT_EQ(RunProgram({"compare", custom, "--check"}).exit_code, 1) << "nothing is expected of it";
}

TEST_F(CliCompareTest, AFileThatIsNoResultIsNamedAndTheOthersAreCompared) {
  const std::string bad = WriteText("bad.json", "{\"schema\": \"other\"}");
  const Outcome outcome = RunProgram({"compare", WriteResult("good.json", "XS", 57), bad});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(StartsWith("convnextpose: "), HasSubstr("bad.json")));
  EXPECT_THAT(outcome.out, HasSubstr("57.00"));
  EXPECT_EQ(RunProgram({"compare", bad}).exit_code, 1);
  EXPECT_EQ(RunProgram({"compare"}).exit_code, 2);
  EXPECT_EQ(RunProgram({"compare", bad, "--json", "--markdown"}).exit_code, 2);
  EXPECT_EQ(RunProgram({"compare", bad, "--tolerance", "-1"}).exit_code, 2);
}

TEST_F(CliCompareTest, APageThatCannotBeWrittenIsAnError) {
  const std::string good = WriteResult("good.json", "XS", 57);
  const Outcome outcome = RunProgram({"compare", good, "--html", Path("no/page.html")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("page.html"));
}

}  // namespace
}  // namespace cnp::test
