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

// ---- The worst, drawn.

class CliComparePicturesTest : public CliTest {
 protected:
  CliComparePicturesTest() {
    EXPECT_EQ(RunProgram({"dataset", "sample", "--out", Path("sample")}).exit_code, 0);
    for (const char* name : {"rotated", "offset"}) {
      const Outcome outcome = RunProgram({"eval", "--data", Path("sample"), "--predictions",
                                          Path(std::string("sample/predictions/") + name + ".json"),
                                          "--json", Path(std::string(name) + ".json")});
      EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    }
  }

  [[nodiscard]] std::string Page(const Arguments& more, const std::string& told = "") const {
    Arguments all = {"compare", Path("rotated.json"), Path("offset.json"), "--html",
                     Path("page.html")};
    all.insert(all.end(), more.begin(), more.end());
    const Outcome outcome = RunProgram(all);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(told));
    return Read(Path("page.html"));
  }
  static std::size_t Count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
    return found;
  }
  static constexpr const char* kPicture = "src=\"data:image/jpeg;base64,";
};

TEST_F(CliComparePicturesTest, AreOfEveryModelAndFewBytes) {
  const std::string page = Page({});
  EXPECT_EQ(Count(page, kPicture), 2U * 12);
  EXPECT_LT(page.size(), 3U << 20);
  EXPECT_EQ(Count(Page({"--pictures", "3"}), kPicture), 2U * 3);
  EXPECT_EQ(Count(Page({"--pictures", "0"}), kPicture), 0U);
}

TEST_F(CliComparePicturesTest, ASheetShowsTheBestTheMedianAndTheWorst) {
  const auto sheet = [&](const Arguments& more) {
    Arguments all = {"compare", Path("rotated.json"), "--sheet", Path("people.jpg")};
    all.insert(all.end(), more.begin(), more.end());
    return RunProgram(all);
  };
  const Outcome outcome = sheet({});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto picture = image::Load(Path("people.jpg"));
  ASSERT_TRUE(picture.ok()) << picture.error().message;
  EXPECT_GT(picture->width, 3 * 3 * 260) << "three columns of a picture and two views";
  EXPECT_GT(picture->height, 4 * 260) << "four people each";
  std::filesystem::rename(Path("sample"), Path("moved"));
  std::filesystem::remove(Path("people.jpg"));
  const Outcome gone = sheet({});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, HasSubstr("nobody can be drawn"));
  EXPECT_FALSE(std::filesystem::exists(Path("people.jpg")));
  EXPECT_EQ(sheet({"--data", Path("moved")}).exit_code, 0);
  const Outcome neither = RunProgram({"compare", Path("rotated.json"), "--data", Path("moved")});
  EXPECT_EQ(neither.exit_code, 2);
  EXPECT_THAT(neither.err, HasSubstr("--sheet"));
}

// What the page holds are pictures of the size that is meant.
TEST_F(CliComparePicturesTest, CanBeDecoded) {
  const std::string page = Page({"--pictures", "1"});
  const std::size_t begin = page.find(kPicture) + std::string(kPicture).size();
  const std::string text = page.substr(begin, page.find('"', begin) - begin);
  std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes;
  unsigned bits = 0;
  int have = 0;
  for (const char c : text) {
    if (c == '=') break;
    ASSERT_NE(digits.find(c), std::string::npos);
    bits = bits << 6 | static_cast<unsigned>(digits.find(c));
    have += 6;
    if (have < 8) continue;
    have -= 8;
    bytes.push_back(static_cast<std::byte>(bits >> have & 255U));
  }
  EXPECT_EQ(text.size() % 4, 0U);
  const auto picture = image::Decode(bytes, "embedded");
  ASSERT_TRUE(picture.ok()) << picture.error().message;
  EXPECT_EQ(picture->width, 3 * picture->height) << "the picture, from the front, from the side";
}

TEST_F(CliComparePicturesTest, WhatIsGoneIsTold) {
  std::filesystem::rename(Path("sample"), Path("moved"));
  const std::string gone = Page({});
  EXPECT_EQ(Count(gone, kPicture), 0U);
  EXPECT_THAT(gone, HasSubstr("No pictures: "));
  EXPECT_THAT(gone, HasSubstr(Path("sample")));
  EXPECT_EQ(Count(Page({"--data", Path("moved")}), kPicture), 2U * 12);
  const std::string nowhere = Path("nowhere");
  EXPECT_EQ(Count(Page({"--data", nowhere}, "no pictures of the worst: " + nowhere), kPicture), 0U);
  // Labels without pictures still show the poses.
  std::filesystem::remove_all(Path("moved/images"));
  const std::string unlit = Page({"--data", Path("moved")});
  EXPECT_EQ(Count(unlit, kPicture), 2U * 12);
  EXPECT_THAT(unlit, HasSubstr("No such file"));
}

TEST_F(CliComparePicturesTest, ResultsWithoutPosesAreTold) {
  for (const char* name : {"rotated.json", "offset.json"}) {
    Json json = Json::parse(Read(Path(name)));
    for (Json& record : json["records"]) record.erase("pose");
    WriteText(name, json.dump());
  }
  const std::string page = Page({});
  EXPECT_EQ(Count(page, kPicture), 0U);
  EXPECT_THAT(page, HasSubstr("evaluate again"));
  EXPECT_EQ(RunProgram({"compare", Path("rotated.json"), "--pictures", "3"}).exit_code, 2)
      << "there is no page for them";
}

}  // namespace
}  // namespace cnp::test
