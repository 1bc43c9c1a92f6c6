#include "convnextpose/eval/predictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "convnextpose/base/check.h"
#include "convnextpose/base/file.h"
#include "convnextpose/eval/score.h"
#include "convnextpose/eval/test_people.h"

namespace cnp::eval {
namespace {

using pose::Human36m;
using pose::Vec3;
using pose::operator-;  // NOLINT(misc-unused-using-decls): the check misses operators.
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kClose = 1e-6;

// ---- Files.

TEST(ParsePredictionsTest, ReadsWhatTheAuthorsCodeWrites) {
  const auto read = ParsePredictions(
      R"([{"image_id": 1559752, "joint_cam": [[0.0, 0.0, 0.0], [1.5, -2, 3e1]],
           "bbox": [181.9, 175.0, 495.5, 495.5], "root_cam": [-284.5, -539.7, 5427.7]},
          {"root_cam": [1, 2, 3], "bbox": [0, 0, 1, 1], "more": {"of": [{"a": [null]}]},
           "joint_cam": [[1, 2, 3], [4, 5, 6]], "image_id": -4}])");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[0].image_id, 1559752);
  EXPECT_EQ((*read)[0].joint_cam, (std::vector<Vec3>{{0, 0, 0}, {1.5, -2, 30}}));
  EXPECT_EQ((*read)[0].bbox, (pose::Box{181.9, 175.0, 495.5, 495.5}));
  EXPECT_EQ((*read)[0].root_cam, (Vec3{-284.5, -539.7, 5427.7}));
  EXPECT_EQ((*read)[1].image_id, -4);
  EXPECT_EQ((*read)[1].joint_cam[1], (Vec3{4, 5, 6}));
  EXPECT_EQ(ParsePredictions("[]")->size(), 0U);
}

TEST(ParsePredictionsTest, SurviveTheRoundTrip) {
  const std::vector<Prediction> written = {
      {7, {{1, 2, 3}, {-4.5, 0, 6.0625}}, {1, 2, 3, 4}, {5, 6, 7}},
      {8, {{0, 0, 0}, {1, 1, 1}}, {-10, -20, 300, 300}, {0, 0, 4000}}};
  const auto path = std::filesystem::path(::testing::TempDir()) /
                    ("cnp_predictions_" + std::to_string(::getpid()) + ".json");
  ASSERT_TRUE(WriteFileAtomically(path, ToJson(written)).ok());
  const auto read = ReadPredictions(path);
  std::filesystem::remove(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*read)[i].image_id, written[i].image_id);
    EXPECT_EQ((*read)[i].joint_cam, written[i].joint_cam);
    EXPECT_EQ((*read)[i].bbox, written[i].bbox);
    EXPECT_EQ((*read)[i].root_cam, written[i].root_cam);
  }
  EXPECT_THAT(ReadPredictions(path).error().message, HasSubstr(path.string()));
  EXPECT_EQ(ParsePredictions(ToJson(std::vector<Prediction>{}))->size(), 0U);
}

// A good entry, then one with its `field` replaced.
std::string ErrorWith(const std::string& field, const std::string& value) {
  const auto entry = [](const nlohmann::ordered_json& json) {
    std::string text;
    for (const auto& [key, text_value] : json.items()) {
      text += (text.empty() ? "" : ", ") + ("\"" + key + "\": ") + text_value.get<std::string>();
    }
    return "{" + text + "}";
  };
  nlohmann::ordered_json json = {{"image_id", "5"},
                                 {"joint_cam", "[[1,2,3],[4,5,6]]"},
                                 {"bbox", "[1,2,3,4]"},
                                 {"root_cam", "[1,2,3]"}};
  const std::string good = entry(json);
  if (value.empty()) {
    json.erase(field);
  } else {
    json[field] = value;
  }
  const auto read = ParsePredictions("[" + good + "," + entry(json) + "]");
  return read.ok() ? "" : read.error().message;
}

TEST(HostilePredictionsTest, ErrorsNameEntryAndField) {
  EXPECT_EQ(ErrorWith("image_id", "6"), "");
  for (const char* bad : {"null", "true", "\"x\"", "3", "{}", "[{}]", "[]", "[[1,2]]",
                          "[[1,2,3,4]]", "[1,2,3]", "[[1,2,3],4]", "[4,[1,2,3]]", "[[1,[2],3]]",
                          "[[1,2,null]]", "[[[1,2,3]]]", "[[1,2,3]]", "[[],[]]"}) {
    EXPECT_THAT(ErrorWith("joint_cam", bad), HasSubstr("entry 1 (image_id 5): ")) << bad;
  }
  for (const char* bad : {"[1,2,3]", "[1,2,3,4,5]", "[[1,2,3,4]]", "[1,2,0,4]", "[1,2,-3,4]",
                          "[1,2,3,1e7]", "7", "[1,2,{},3]"}) {
    EXPECT_THAT(ErrorWith("bbox", bad), HasSubstr("entry 1 (image_id 5): bbox: ")) << bad;
  }
  EXPECT_THAT(ErrorWith("root_cam", "[1,2]"), HasSubstr("root_cam: must be x, y, z"));
  for (const char* bad : {"1.5", "[5]", "null", "18446744073709551615", "{}"}) {
    EXPECT_THAT(ErrorWith("image_id", bad), HasSubstr("entry 1: image_id: ")) << bad;
  }
  for (const char* field : {"image_id", "joint_cam", "bbox", "root_cam"}) {
    EXPECT_THAT(ErrorWith(field, ""), HasSubstr(std::string("has no ") + field));
  }
  EXPECT_THAT(ErrorWith("joint_cam", "[[1,2,3]]"), HasSubstr("1 joints, the first entry has 2"));
  EXPECT_THAT(ErrorWith("joint_cam", "[[1,2,NaN]]"), AllOf(HasSubstr("offset"), HasSubstr("NaN")));
  EXPECT_THAT(ErrorWith("joint_cam", "[[1,2,1e999]]"), HasSubstr("offset"));
}

TEST(HostilePredictionsTest, WhatIsNoListOfPredictions) {
  for (const std::string& bad :
       {std::string(), std::string("{}"), std::string("3"), std::string("null"), std::string("[3]"),
        std::string("[[]]"), std::string("[\"a\"]"), std::string("[{}]"), std::string("[]]"),
        std::string("[{\"x\": ") + std::string(1000000, '['), std::string(1000000, '['),
        std::string("\xFF\xFE")}) {
    const auto read = ParsePredictions(bad);
    ASSERT_FALSE(read.ok()) << bad.substr(0, 20);
    EXPECT_FALSE(read.error().message.empty());
    EXPECT_LT(read.error().message.size(), 300U);
  }
  std::string many = "[{\"joint_cam\": [";
  for (int i = 0; i < 300; ++i) many += "[1,2,3],";
  EXPECT_THAT(ParsePredictions(many).error().message, HasSubstr("too long"));
}

TEST(HostilePredictionsTest, DamagedFilesAreErrorsOrPredictions) {
  const std::string whole =
      ToJson(std::vector<Prediction>{{7, {{1, 2, 3}, {4, 5, 6}}, {1, 2, 3, 4}, {5, 6, 7}},
                                     {8, {{1, 2, 3}, {4, 5, 6}}, {1, 2, 3, 4}, {5, 6, 7}}});
  for (std::size_t size = 0; size + 2 < whole.size(); ++size) {
    EXPECT_FALSE(ParsePredictions(whole.substr(0, size)).ok()) << size;
  }
  for (int change = 0; change < 256; ++change) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(change);
      const auto read = ParsePredictions(damaged);
      if (!read.ok()) continue;
      for (const Prediction& p : *read)
        EXPECT_EQ(p.joint_cam.size(), read->front().joint_cam.size());
    }
  }
}

// ---- Joints and frames.

std::vector<Vec3> GoldenPose(std::size_t person) {
  return Golden()["people"][person]["truth_mm"].get<std::vector<Vec3>>();
}

TEST(InCameraSpaceTest, RelativeAndAbsoluteJointsMeanTheSame) {
  const std::vector<Vec3> camera_mm = GoldenPose(0);
  Prediction absolute = {1, camera_mm, {0, 0, 1, 1}, {9e9, 9e9, 9e9}};
  EXPECT_EQ(*InCameraSpace(absolute, Human36m()), camera_mm);
  Prediction relative = {1, camera_mm, {0, 0, 1, 1}, camera_mm[0]};
  for (Vec3& joint : relative.joint_cam) joint = joint - camera_mm[0];
  const auto back = InCameraSpace(relative, Human36m());
  for (std::size_t j = 0; j < 18; ++j) {
    for (int k = 0; k < 3; ++k) EXPECT_NEAR((*back)[j][k], camera_mm[j][k], 1e-9);
  }
}

TEST(InCameraSpaceTest, AddsThoraxWhereTheAuthorsLeftItOut) {
  Prediction prediction = {1, GoldenPose(0), {0, 0, 1, 1}, {}};
  prediction.joint_cam.resize(17);
  const auto joints = InCameraSpace(prediction, Human36m());
  ASSERT_TRUE(joints.ok()) << joints.error().message;
  ASSERT_EQ(joints->size(), 18U);
  for (int k = 0; k < 3; ++k) {
    EXPECT_DOUBLE_EQ((*joints)[17][k],
                     (prediction.joint_cam[11][k] + prediction.joint_cam[14][k]) / 2);
    EXPECT_EQ((*joints)[16][k], prediction.joint_cam[16][k]);
  }
}

TEST(InCameraSpaceTest, TakesTheJointsByName) {
  const pose::JointSet& mupots = **pose::FindJointSet("mupots");
  Prediction muco = {1, std::vector<Vec3>(21), {0, 0, 1, 1}, {}};
  for (int j = 0; j < 21; ++j) muco.joint_cam[j] = {1.0 * j, 1, 4000};
  const auto joints = InCameraSpace(muco, mupots);
  ASSERT_TRUE(joints.ok());
  ASSERT_EQ(joints->size(), 17U);
  EXPECT_EQ((*joints)[14], muco.joint_cam[14]);
  muco.joint_cam.resize(19);
  EXPECT_THAT(InCameraSpace(muco, Human36m()).error().message,
              AllOf(HasSubstr("19 joints"), HasSubstr("has 18")));
}

// ---- Which is whose.

datasets::Dataset SmallDataset() {
  datasets::Dataset dataset;
  dataset.name = "human36m";
  dataset.joints = &Human36m();
  for (int i = 0; i < 4; ++i) {
    datasets::Sample sample;
    sample.image_id = i == 3 ? 12 : 10 + i;  // Image 12 has two people, side by side.
    sample.annotation_id = 100 + i;
    sample.file = "picture_" + std::to_string(sample.image_id) + ".jpg";
    sample.width = sample.height = 1000;
    sample.box = {100.0 + (i == 3 ? 400 : 0), 100, 200, 400};
    sample.camera = pose::DefaultCamera(1000, 1000);
    sample.origin = {9, 2, 1, 3, 64};
    sample.camera_mm = GoldenPose(static_cast<std::size_t>(i));
    for (const Vec3& mm : sample.camera_mm) sample.image_px.push_back(Project(sample.camera, mm));
    sample.visible.assign(18, 1);
    dataset.samples.push_back(sample);
  }
  return dataset;
}

Prediction Perfect(const datasets::Sample& sample) {
  return {sample.image_id, sample.camera_mm, *pose::NetworkBox(sample.box, 1000, 1000), {}};
}

TEST(MatchPredictionsTest, ByImageAndOverlap) {
  const datasets::Dataset dataset = SmallDataset();
  std::vector<Prediction> predictions;
  for (const std::size_t s : {3, 0, 2, 1}) predictions.push_back(Perfect(dataset.samples[s]));
  const Match match = MatchPredictions(predictions, dataset);
  EXPECT_EQ(match.of_sample, (std::vector<std::size_t>{1, 3, 2, 0}));
  EXPECT_EQ(match.missing.count + match.doubled.count + match.unknown.count, 0U);
}

TEST(MatchPredictionsTest, NamesWhatHasNoCounterpart) {
  const datasets::Dataset dataset = SmallDataset();
  const std::vector<Prediction> predictions = {
      Perfect(dataset.samples[0]),
      Perfect(dataset.samples[0]),
      Perfect(dataset.samples[3]),
      {99, dataset.samples[0].camera_mm, {0, 0, 1, 1}, {}}};
  const Match match = MatchPredictions(predictions, dataset);
  EXPECT_EQ(match.of_sample, (std::vector<std::size_t>{0, Match::kNone, Match::kNone, 2}));
  ASSERT_EQ(match.missing.count, 2U);
  EXPECT_EQ(match.missing.named[0].where, "picture_11.jpg, image_id 11");
  ASSERT_EQ(match.doubled.count, 1U);
  EXPECT_EQ(match.doubled.named[0].where, "entry 1, image_id 10");
  ASSERT_EQ(match.unknown.count, 1U);
  EXPECT_EQ(match.unknown.named[0].where, "entry 3, image_id 99");
}

TEST(ScorePredictionsTest, TheTruthScoresZeroAndKnowsWhereItIsFrom) {
  const datasets::Dataset dataset = SmallDataset();
  std::vector<Prediction> predictions;
  for (const auto& sample : dataset.samples) predictions.push_back(Perfect(sample));
  const Match match = MatchPredictions(predictions, dataset);
  const auto records = ScorePredictions(predictions, match, dataset);
  ASSERT_TRUE(records.ok()) << records.error().message;
  ASSERT_EQ(records->size(), 4U);
  for (const Record& record : *records) {
    EXPECT_EQ(record.errors.mpjpe_mm, 0);
    EXPECT_NEAR(record.errors.pa_mpjpe_rigid_mm, 0, kClose);
    EXPECT_EQ(record.errors.mrpe_mm, 0);
    for (const double share : record.joint_share) EXPECT_NEAR(share, 0, kClose);
    EXPECT_EQ(record.subject, 9);
    EXPECT_EQ(record.subaction, 1);
    EXPECT_EQ(record.camera, 3);
  }
  EXPECT_EQ((*records)[3].annotation_id, 103);
}

// What a run leaves in its records comes back from the file with the same scores.
TEST(ScorePredictionsTest, OfWhatWasWrittenAreThoseOfTheRun) {
  const datasets::Dataset dataset = SmallDataset();
  std::vector<Record> records;
  for (std::size_t s = 0; s < 4; ++s) {
    const auto guess = Golden()["people"][s]["predicted_mm"].get<std::vector<Vec3>>();
    records.push_back(
        ScoreSample(dataset.samples[s], Human36m(),
                    {guess, {}, *pose::NetworkBox(dataset.samples[s].box, 1000, 1000)}));
    EXPECT_GT(records.back().errors.mpjpe_mm, 1);
  }
  const auto read = ParsePredictions(ToJson(ToPredictions(records, Human36m())));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0].joint_cam[0], (Vec3{0, 0, 0})) << "as the authors save it";
  const auto again = ScorePredictions(*read, MatchPredictions(*read, dataset), dataset);
  ASSERT_TRUE(again.ok());
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_NEAR((*again)[s].errors.mpjpe_mm, records[s].errors.mpjpe_mm, 1e-3);
    EXPECT_NEAR((*again)[s].errors.mrpe_mm, records[s].errors.mrpe_mm, 1e-3);
    EXPECT_NEAR((*again)[s].joint_share[5], records[s].joint_share[5], 1e-5);
  }
  records[1].camera_mm[3][0] = kUnknown;
  records[2].camera_mm.clear();
  EXPECT_EQ(ToPredictions(records, Human36m()).size(), 2U);
}

TEST(ScoreSampleTest, JointsWithoutALabelCountNowhere) {
  datasets::Sample sample = SmallDataset().samples[0];
  std::vector<Vec3> guess = sample.camera_mm;
  guess[5][0] += 170;
  const auto score = [&] { return ScoreSample(sample, Human36m(), {guess, {}, {0, 0, 100, 100}}); };
  EXPECT_NEAR(score().errors.mpjpe_mm, 10, kClose);
  sample.visible[5] = 0;
  EXPECT_NEAR(score().errors.mpjpe_mm, 0, kClose);
  EXPECT_TRUE(std::isnan(score().joint_share[5]));
  sample.visible[5] = 1;
  sample.camera_mm[5][1] = kUnknown;
  EXPECT_NEAR(score().errors.mpjpe_mm, 0, kClose);
  sample.camera_mm.clear();
  EXPECT_TRUE(score().errors.joint_mm.empty());
  EXPECT_EQ(score().joint_share.size(), 18U);
  EXPECT_THROW((void)ScoreSample(sample, Human36m(), {{}, {}, {0, 0, 1, 1}}), CheckFailure);
}

}  // namespace
}  // namespace cnp::eval
