#include "convnextpose/eval/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "convnextpose/base/file.h"
#include "convnextpose/eval/test_people.h"

namespace cnp::eval {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

Evaluation Golden36m() {
  Evaluation evaluation;
  evaluation.dataset = "human36m";
  evaluation.split = "test";
  evaluation.protocol = 2;
  evaluation.joints = &pose::Human36m();
  evaluation.model = {.name = "XS, \"mine\"",
                      .variant = "XS",
                      .file = "xs.pth",
                      .parameters = 3528008,
                      .gmac = 0.815,
                      .precision = "f32",
                      .isa = "AVX2"};
  evaluation.settings.flip_test = true;
  evaluation.settings.boxes = "labelled";
  evaluation.settings.subsample = 64;
  evaluation.settings.notes = {"two", "notes"};
  evaluation.records = GoldenRecords("human36m");
  evaluation.records[1].image_id = -7;
  evaluation.summary = Summarise(evaluation.records, pose::Human36m(), {.actions = {"", "", "Go"}});
  evaluation.summary.frames_per_second = 12.5;
  for (int i = 0; i < 30; ++i) evaluation.left_out.Add({"image 3", "no picture"});
  return evaluation;
}

TEST(ResultJsonTest, SaysWhatItDoesNotKnow) {
  Evaluation empty;
  empty.joints = &pose::Human36m();
  const Json json = Json::parse(ToJson(empty));
  EXPECT_EQ(json["schema"], "convnextpose-eval/1");
  EXPECT_TRUE(json["metrics"]["mpjpe_mm"].is_null());
  EXPECT_TRUE(json["model"]["parameters"].is_null());
  EXPECT_TRUE(json["model"]["variant"].is_null());
  EXPECT_TRUE(json["settings"]["flip_test"].is_null());
  EXPECT_TRUE(json["protocol"].is_null());
  EXPECT_TRUE(json["frames_per_second"].is_null());
  EXPECT_TRUE(json["limbs_and_head"].is_null());
  EXPECT_TRUE(json["intervals"]["auc"].is_null());
  EXPECT_EQ(json["samples"], 0);
  EXPECT_EQ(json["records"].size(), 0U);
}

TEST(ResultJsonTest, HoldsTheTables) {
  const Json json = Json::parse(ToJson(Golden36m()));
  const Json& expected = Golden()["tables"]["human36m"]["all"];
  EXPECT_NEAR(json["metrics"]["mpjpe_mm"], expected["mpjpe_mm"], 1e-4);
  EXPECT_NEAR(json["metrics"]["pck2d_10"], expected["pck2d_10"], 1e-6);
  EXPECT_EQ(json["intervals"]["mpjpe_mm"].size(), 2U);
  EXPECT_EQ(json["per_action"][0]["name"], "Go");
  EXPECT_EQ(json["per_joint"].size(), 18U);
  EXPECT_EQ(json["records"].size(), 12U);
  EXPECT_EQ(json["left_out"]["count"], 30);
  EXPECT_EQ(json["left_out"]["named"].size(), 20U);
  EXPECT_FALSE(json["records"][0].contains("camera_mm")) << "errors only";
}

TEST(ResultJsonTest, SurvivesTheRoundTrip) {
  const Evaluation evaluation = Golden36m();
  const std::string text = ToJson(evaluation);
  const auto read = FromJson(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(ToJson(*read), text);
  EXPECT_EQ(read->model.parameters, 3528008);
  EXPECT_EQ(read->summary.limbs_and_head.name, "limbs and head (13)");
  EXPECT_EQ(read->settings.subsample, 64);
  EXPECT_FALSE(read->settings.threads);
  EXPECT_EQ(read->records[1].image_id, -7);
  EXPECT_EQ(read->left_out.count, 30U);
  EXPECT_THAT(read->records[2].joint_share, ::testing::SizeIs(18));
}

TEST(ResultJsonTest, TablesMayComeWithoutRecords) {
  Json json = Json::parse(ToJson(Golden36m()));
  json.erase("records");
  json.erase("settings");
  json["model"].erase("name");
  const auto read = FromJson(json.dump());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->records.empty());
  EXPECT_FALSE(read->settings.flip_test);
  EXPECT_GT(read->summary.metrics.mpjpe_mm, 0);
}

TEST(LoadEvaluationTest, NamesTheModelByItsFile) {
  const auto path = std::filesystem::path(::testing::TempDir()) /
                    ("cnp_eval_" + std::to_string(::getpid()) + ".json");
  Evaluation evaluation = Golden36m();
  evaluation.model.name.clear();
  ASSERT_TRUE(WriteFileAtomically(path, ToJson(evaluation)).ok());
  const auto read = LoadEvaluation(path);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->model.name, path.stem().string());
  ASSERT_TRUE(WriteFileAtomically(path, "{}").ok());
  EXPECT_THAT(LoadEvaluation(path).error().message, HasSubstr(path.string()));
  std::filesystem::remove(path);
  EXPECT_FALSE(LoadEvaluation(path).ok());
}

// ---- Files from outside.

std::string ErrorOf(const std::string& pointer, const Json& value) {
  Json json = Json::parse(ToJson(Golden36m()));
  json[Json::json_pointer(pointer)] = value;
  const auto read = FromJson(json.dump());
  return read.ok() ? "" : read.error().message;
}

TEST(HostileResultTest, ErrorsNameThePlace) {
  EXPECT_THAT(ErrorOf("/metrics/mpjpe_mm", "x"), HasSubstr("metrics.mpjpe_mm"));
  EXPECT_THAT(ErrorOf("/metrics/mpjpe_mm", -1), HasSubstr("metrics.mpjpe_mm"));
  EXPECT_THAT(ErrorOf("/metrics/auc", 1.5), HasSubstr("metrics.auc"));
  EXPECT_THAT(ErrorOf("/intervals/auc", Json::array({0.1})), HasSubstr("intervals.auc"));
  EXPECT_THAT(ErrorOf("/records/3/joint_mm", Json::array({1, 2})),
              HasSubstr("records[3].joint_mm"));
  EXPECT_THAT(ErrorOf("/records/3/joint_mm/2", true), HasSubstr("records[3].joint_mm[2]"));
  EXPECT_THAT(ErrorOf("/records/0/joint_share", Json(std::vector<int>(19))),
              HasSubstr("records[0].joint_share"));
  EXPECT_THAT(ErrorOf("/records/0/image_id", 1.5), HasSubstr("records[0].image_id"));
  EXPECT_THAT(ErrorOf("/records/0/image_id", UINT64_MAX), HasSubstr("records[0].image_id"));
  EXPECT_THAT(ErrorOf("/records/0/camera", 1LL << 40), HasSubstr("records[0].camera"));
  EXPECT_THAT(ErrorOf("/records", Json::object()), HasSubstr("records"));
  EXPECT_THAT(ErrorOf("/model", Json::array()), HasSubstr("model"));
  EXPECT_THAT(ErrorOf("/model/name", "\x1b[2J"), HasSubstr("model.name"));
  EXPECT_THAT(ErrorOf("/model/name", "\xC2\x9B"), HasSubstr("model.name"));
  EXPECT_THAT(ErrorOf("/model/name", std::string(5000, 'a')), HasSubstr("model.name"));
  EXPECT_THAT(ErrorOf("/samples", -1), HasSubstr("samples"));
  EXPECT_THAT(ErrorOf("/joint_set", "cats"), HasSubstr("cats"));
  EXPECT_THAT(ErrorOf("/schema", "convnextpose-eval/2"), HasSubstr("convnextpose-eval/1"));
  EXPECT_THAT(ErrorOf("/per_joint", Json(std::vector<Json>(19, Json::object()))),
              HasSubstr("per_joint"));
  EXPECT_EQ(ErrorOf("/model/name", "Ünïcode"), "");
}

TEST(HostileResultTest, WhatIsNoResult) {
  EXPECT_THAT(FromJson("").error().message, HasSubstr("not JSON"));
  EXPECT_FALSE(FromJson("[]").ok());
  EXPECT_FALSE(FromJson("{\"schema\": 3}").ok());
  EXPECT_FALSE(FromJson(std::string(1000000, '[')).ok());
  EXPECT_FALSE(FromJson(std::string(1000000, '{')).ok());
}

// Every cut, and every byte changed, of the head and the first records: an answer, no crash.
TEST(HostileResultTest, DamagedFilesAreErrorsOrResults) {
  Evaluation evaluation = Golden36m();
  evaluation.records.resize(1);
  const std::string whole = ToJson(evaluation);
  for (std::size_t size = 0; size + 2 < whole.size(); size += 3) {
    EXPECT_FALSE(FromJson(std::string_view(whole).substr(0, size)).ok()) << size;
  }
  for (const char change : {'\0', '"', '[', '}', '9', '-', '\xFF'}) {
    for (std::size_t at = 0; at < whole.size(); at += 11) {
      std::string damaged = whole;
      damaged[at] = change;
      const auto read = FromJson(damaged);
      EXPECT_TRUE(!read.ok() || !ToJson(*read).empty());
    }
  }
}

}  // namespace
}  // namespace cnp::eval
