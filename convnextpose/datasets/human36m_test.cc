// What becomes of Human3.6M's files when something in them is wrong.
#include "convnextpose/datasets/human36m.h"

#include <gmock/gmock.h>

#include "convnextpose/datasets/test_folder.h"

namespace cnp::datasets {
namespace {

namespace fs = std::filesystem;
using test::Json;
using ::testing::HasSubstr;

// Two frames of one subject, before one camera.
class Human36mTest : public test::TestFolder {
 protected:
  Human36mTest() {
    Json pose = Json::array();
    for (int j = 0; j < 17; ++j) pose.push_back({10.0 * j, -5.0 * j, 100.0 + j});
    joints_ = {{"2", {{"1", {{"0", pose}, {"64", pose}}}}}};
    camera_ = {{"1",
                {{"R", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
                 {"t", {0, 0, 5000}},
                 {"f", {1145, 1143}},
                 {"c", {512, 515}}}}};
    for (int i = 0; i < 2; ++i) {
      data_["images"].push_back({{"id", i},
                                 {"file_name", "take/" + std::to_string(i) + ".jpg"},
                                 {"width", 1000},
                                 {"height", 1002},
                                 {"subject", 11},
                                 {"action_idx", 2},
                                 {"subaction_idx", 1},
                                 {"cam_idx", 1},
                                 {"frame_idx", 64 * i}});
      data_["annotations"].push_back(
          {{"id", 100 + i}, {"image_id", i}, {"bbox", {400, 300, 200, 400}}});
    }
  }

  [[nodiscard]] Result<Dataset> Parse(int subsample = 1) const {
    return Parse(data_.dump(), camera_.dump(), joints_.dump(), subsample);
  }
  static Result<Dataset> Parse(const std::string& data, const std::string& camera,
                               const std::string& joints, int subsample = 1) {
    return ParseHuman36m({test::Bytes(data), test::Bytes(camera), test::Bytes(joints), "data.json",
                          "camera.json", "joints.json"},
                         11, {.subsample = subsample});
  }
  // The second sample is left out, for this reason; the first is not.
  void ExpectLeftOut(const std::string& why) const {
    const auto dataset = Parse();
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    ASSERT_EQ(dataset->left_out.count, 1U);
    EXPECT_THAT(dataset->left_out.named[0].what, HasSubstr(why));
    EXPECT_THAT(dataset->left_out.named[0].where, HasSubstr("data.json"));
    ASSERT_EQ(dataset->samples.size(), 1U);
    EXPECT_EQ(dataset->samples[0].image_id, 0);
  }

  Json data_, camera_, joints_;
};

TEST_F(Human36mTest, NothingIsWrongToBeginWith) {
  const auto dataset = Parse();
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->samples.size(), 2U);
  EXPECT_EQ(dataset->left_out.count, 0U);
}

TEST_F(Human36mTest, AMissingFrameIsLeftOut) {
  joints_["2"]["1"].erase("64");
  ExpectLeftOut("action 2, subaction 1, frame 64 is not in the file of joints");
}

TEST_F(Human36mTest, WrongCountsOfJointsAreLeftOut) {
  Json& pose = joints_["2"]["1"]["64"];
  const Json right = pose;
  pose.erase(16);
  ExpectLeftOut("is not 17 x 3 finite numbers");
  pose = right;
  pose.push_back({1, 2, 3});
  ExpectLeftOut("is not 17 x 3 finite numbers");
  pose = right;
  pose[3].push_back(4);
  ExpectLeftOut("is not 17 x 3 finite numbers");
  pose = {{"a", 1}};
  ExpectLeftOut("is not 17 x 3 finite numbers");
}

TEST_F(Human36mTest, NumbersThatAreNoneAreLeftOut) {
  for (const char* bad : {"NaN", "Infinity", "-Infinity", "1e999", "1e30", "null", "\"7\"", "true",
                          "[1]", "{\"a\":[1,2]}"}) {
    SCOPED_TRACE(bad);
    Json joints = joints_;
    joints["2"]["1"]["64"][5][1] = "HERE";
    std::string text = joints.dump();
    text.replace(text.find("\"HERE\""), 6, bad);
    const auto dataset = Parse(data_.dump(), camera_.dump(), text);
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    EXPECT_EQ(dataset->samples.size(), 1U);
    ASSERT_EQ(dataset->left_out.count, 1U);
    EXPECT_THAT(dataset->left_out.named[0].what, HasSubstr("frame 64"));
  }
}

TEST_F(Human36mTest, IdsThatPointNowhereAreLeftOut) {
  data_["annotations"][1]["image_id"] = 77;
  ExpectLeftOut("its image 77 is not in the list of images");
}

TEST_F(Human36mTest, BrokenImagesAreToldByTheirPeople) {
  data_["images"][1]["width"] = -3;
  ExpectLeftOut("its image 1 cannot be used: its width and height are no size of a picture");
}

TEST_F(Human36mTest, WrongTypesAreLeftOut) {
  data_["images"][1]["frame_idx"] = "64";
  ExpectLeftOut("its frame_idx is not a whole number");
}

TEST_F(Human36mTest, AnImageWithoutAFrameIsLeftOut) {
  data_["images"][1].erase("frame_idx");
  ExpectLeftOut("no frame_idx");
}

TEST_F(Human36mTest, FilesOutsideAreLeftOut) {
  for (const char* name : {"/etc/passwd", "../../secret.jpg", "a/../../b.jpg", ""}) {
    data_["images"][1]["file_name"] = name;
    ExpectLeftOut("leaves the folder of pictures");
  }
}

TEST_F(Human36mTest, BoxesWithoutAreaAreLeftOut) {
  data_["annotations"][1]["bbox"] = {400, 300, 0, 400};
  ExpectLeftOut("has no area");
  data_["annotations"][1]["bbox"] = {4000, 300, 100, 400};
  ExpectLeftOut("lies outside the picture");
  data_["annotations"][1]["bbox"] = {400, 300, 100};
  ExpectLeftOut("its bbox is not four numbers");
  data_["annotations"][1].erase("bbox");
  ExpectLeftOut("it has no bbox");
}

// Boxes that another network found are given later.
TEST_F(Human36mTest, WhereBoxesAreGivenThoseOfTheAnnotationsDoNotMatter) {
  const auto people = [&] {
    const std::string data = data_.dump();
    const std::string camera = camera_.dump();
    const std::string joints = joints_.dump();
    const auto dataset = ParseHuman36m({test::Bytes(data), test::Bytes(camera), test::Bytes(joints),
                                        "data.json", "camera.json", "joints"},
                                       11, {.subsample = 1, .needs_box = false});
    EXPECT_TRUE(dataset.ok() && dataset->left_out.count == 0);
    return dataset.ok() ? dataset->samples.size() : 0;
  };
  for (const Json& box : {Json{400, 300, 0, 400}, Json{4000, 300, 100, 400}, Json{400, 300, 100},
                          Json{1e300, 0, 1, 1}, Json("none"), Json()}) {
    data_["annotations"][1]["bbox"] = box;
    EXPECT_EQ(people(), 2U) << box;
  }
  data_["annotations"][1].erase("bbox");
  EXPECT_EQ(people(), 2U);
}

TEST_F(Human36mTest, CamerasThatCannotBeAreLeftOut) {
  data_["images"][1]["cam_idx"] = 2;
  ExpectLeftOut("its camera 2 is not known");
  camera_["2"] = camera_["1"];
  camera_["2"]["R"] = {{1, 0, 0}, {0, 1, 0}, {0, 0, -1}};
  ExpectLeftOut("its R is not a rotation");
  camera_["2"]["R"] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 2}};
  ExpectLeftOut("its R is not a rotation");
  camera_["2"] = camera_["1"];
  camera_["2"]["t"] = {0, 0, -5000};
  ExpectLeftOut("a joint lies behind camera 2");
  camera_["2"]["t"] = {0, 0};
  ExpectLeftOut("its t is not three numbers");
  camera_["2"] = camera_["1"];
  camera_["2"]["f"] = {0, 1143};
  ExpectLeftOut("its f and c are not two numbers each");
}

TEST_F(Human36mTest, ActionsAndSubjectsThatCannotBeAreLeftOut) {
  data_["images"][1]["action_idx"] = 99;
  ExpectLeftOut("action_idx is not one of 2 to 16");
  data_["images"][1]["action_idx"] = 2;
  data_["images"][1]["subject"] = 9;
  ExpectLeftOut("its image is of subject 9 in a file of subject 11");
}

TEST_F(Human36mTest, OfTwoImagesWithOneIdTheFirstCounts) {
  data_["images"].push_back(data_["images"][1]);
  data_["images"][2]["file_name"] = "other.jpg";
  const auto dataset = Parse();
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->samples[1].file, "take/1.jpg");
  ASSERT_EQ(dataset->left_out.count, 1U);
  EXPECT_THAT(dataset->left_out.named[0].what, HasSubstr("another image has the same id"));
}

TEST_F(Human36mTest, EntriesWithoutIdsAreToldByTheirPlace) {
  data_["images"].push_back(7);
  data_["annotations"].push_back({{"id", 3}, {"bbox", {1, 2, 30, 40}}});
  const auto dataset = Parse();
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->samples.size(), 2U);
  ASSERT_EQ(dataset->left_out.count, 2U);
  // In the file annotations come first.
  EXPECT_EQ(dataset->left_out.named[0].where, "data.json, annotation at place 2 of its list");
  EXPECT_EQ(dataset->left_out.named[0].what, "it has no image_id");
  EXPECT_EQ(dataset->left_out.named[1].where, "data.json, image at place 2 of its list");
  EXPECT_EQ(dataset->left_out.named[1].what, "it has no id");
}

TEST_F(Human36mTest, WhatIsNotReadIsNotTold) {
  data_["images"][1]["frame_idx"] = 65;
  data_["annotations"][1]["bbox"] = "none";
  const auto dataset = Parse(64);
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->samples.size(), 1U);
  EXPECT_EQ(dataset->left_out.count, 0U);
}

TEST_F(Human36mTest, ProblemsAreCountedAllAndNamedSome) {
  for (int i = 0; i < 100; ++i) {
    data_["annotations"].push_back({{"id", 1000 + i}, {"image_id", 0}, {"bbox", "none"}});
  }
  const auto dataset = Parse();
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->left_out.count, 100U);
  EXPECT_EQ(dataset->left_out.named.size(), Problems::kNamed);
}

// Every file cut short anywhere is an error with the file and the offset of its end.
TEST_F(Human36mTest, TruncatedFilesAreErrorsWithAnOffset) {
  const std::array<std::string, 3> files = {data_.dump(), camera_.dump(), joints_.dump()};
  const std::array<const char*, 3> names = {"data.json", "camera.json", "joints.json"};
  for (std::size_t f = 0; f < files.size(); ++f) {
    for (std::size_t length = 0; length < files[f].size(); ++length) {
      std::array<std::string, 3> cut = files;
      cut[f].resize(length);
      const auto dataset = Parse(cut[0], cut[1], cut[2]);
      ASSERT_FALSE(dataset.ok()) << names[f] << " of " << length << " bytes";
      ASSERT_THAT(dataset.error().message,
                  HasSubstr(std::string(names[f]) + ": offset " + std::to_string(length)));
    }
  }
}

TEST_F(Human36mTest, WhatIsNoJsonIsAnErrorWithTheOffset) {
  std::string data = data_.dump();
  const std::size_t at = data.find("\"width\"");
  data.insert(at, "}");
  const auto dataset = Parse(data, camera_.dump(), joints_.dump());
  ASSERT_FALSE(dataset.ok());
  EXPECT_THAT(dataset.error().message, HasSubstr("data.json: offset " + std::to_string(at)));
  for (const char* bytes : {"", "no", "[1, 2", "{\"images\": [}", "\x80\xff", "{} {}"}) {
    const auto other = Parse(bytes, camera_.dump(), joints_.dump());
    ASSERT_FALSE(other.ok()) << bytes;
    EXPECT_THAT(other.error().message, HasSubstr("data.json: offset"));
  }
}

// Damage inside what is read as a whole must not pass for the file's end.
TEST_F(Human36mTest, DamagedListsAreErrorsWithTheOffset) {
  std::string data = data_.dump();
  const std::size_t comma = data.find(',', data.find("\"bbox\""));
  data[comma] = ' ';
  const auto box = Parse(data, camera_.dump(), joints_.dump());
  ASSERT_FALSE(box.ok());
  EXPECT_THAT(box.error().message, HasSubstr("data.json: offset " + std::to_string(comma + 3)));
  std::string joints = joints_.dump();
  const std::size_t bracket = joints.find(']');
  joints[bracket] = '}';
  const auto pose = Parse(data_.dump(), camera_.dump(), joints);
  ASSERT_FALSE(pose.ok());
  EXPECT_THAT(pose.error().message, HasSubstr("joints.json: offset " + std::to_string(bracket)));
}

TEST_F(Human36mTest, OtherStructuresAreErrors) {
  EXPECT_THAT(Parse("[]", camera_.dump(), joints_.dump()).error().message, HasSubstr("data.json"));
  EXPECT_THAT(Parse("{}", camera_.dump(), joints_.dump()).error().message,
              HasSubstr("has no list \"images\""));
  EXPECT_THAT(
      Parse("{\"images\":{},\"annotations\":[]}", camera_.dump(), joints_.dump()).error().message,
      HasSubstr("\"images\" is not a list"));
  EXPECT_THAT(Parse(data_.dump(), camera_.dump(), "{\"two\":{}}").error().message,
              HasSubstr("joints.json: the root has a field that is no number"));
  EXPECT_THAT(Parse(data_.dump(), camera_.dump(), "{\"2\":[]}").error().message,
              HasSubstr("action 2 is not an object"));
}

TEST_F(Human36mTest, DeepNestingEnds) {
  const std::string deep(1'000'000, '[');
  const auto open = Parse("{\"images\":" + deep, camera_.dump(), joints_.dump());
  EXPECT_FALSE(open.ok());
  // Closed, in a field that nobody reads.
  Json data = data_;
  std::string text = data.dump();
  text.insert(1, "\"info\":" + deep + std::string(1'000'000, ']') + ",");
  const auto closed = Parse(text, camera_.dump(), joints_.dump());
  ASSERT_TRUE(closed.ok()) << closed.error().message;
  EXPECT_EQ(closed->samples.size(), 2U);
}

// ---- on disk

TEST_F(Human36mTest, ProtocolsChooseSubjects) {
  using Subjects = std::vector<int>;
  const auto subjects = [](Split split, int protocol) {
    return *Human36mSubjects({.split = split, .protocol = protocol});
  };
  EXPECT_EQ(subjects(Split::kTest, 1), (Subjects{11}));
  EXPECT_EQ(subjects(Split::kTest, 2), (Subjects{9, 11}));
  EXPECT_EQ(subjects(Split::kTrain, 1), (Subjects{1, 5, 6, 7, 8, 9}));
  EXPECT_EQ(subjects(Split::kTrain, 2), (Subjects{1, 5, 6, 7, 8}));
  EXPECT_FALSE(Human36mSubjects({.protocol = 3}).ok());
  EXPECT_EQ(*Human36mSubsample({}), 64);
  EXPECT_EQ(*Human36mSubsample({.split = Split::kTrain}), 5);
  EXPECT_FALSE(Human36mSubsample({.subsample = -1}).ok());
}

class Human36mFolderTest : public Human36mTest {
 protected:
  void WriteSubject(const fs::path& folder) const {
    Write(folder / "Human36M_subject11_data.json", data_);
    Write(folder / "Human36M_subject11_camera.json", camera_);
    Write(folder / "Human36M_subject11_joint_3d.json", joints_);
  }
  void ExpectFound(const fs::path& dir) const {
    const auto dataset = ReadHuman36m(dir, {.protocol = 1});
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    ASSERT_EQ(dataset->samples.size(), 2U);
    EXPECT_TRUE(fs::exists(dataset->images / dataset->samples[0].file))
        << dataset->images / dataset->samples[0].file;
  }
};

TEST_F(Human36mFolderTest, IsFoundHoweverItWasUnpacked) {
  WriteSubject("Human36M/Human36M/annotations");
  Write("Human36M/images/S11/take/0.jpg", std::string("picture"));
  for (const char* dir : {"", "Human36M", "Human36M/", "./Human36M"}) ExpectFound(folder_ / dir);
  fs::remove_all(folder_ / "Human36M/images");
  Write("Human36M/Human36M/images/take/0.jpg", std::string("picture"));
  for (const char* dir :
       {"", "Human36M/Human36M", "Human36M/Human36M/annotations", "Human36M/Human36M/images/"}) {
    ExpectFound(folder_ / dir);
  }
}

TEST_F(Human36mFolderTest, SubjectsMayHaveFoldersOfTheirOwn) {
  WriteSubject("annotations");
  for (Json& image : data_["images"]) {
    image["subject"] = 9;
    image["file_name"] = "nine.jpg";
  }
  Write("annotations/Human36M_subject9_data.json", data_);
  Write("annotations/Human36M_subject9_camera.json", camera_);
  Write("annotations/Human36M_subject9_joint_3d.json", joints_);
  Write("images/S9/nine.jpg", std::string("picture"));
  Write("images/S11/take/0.jpg", std::string("picture"));
  const auto dataset = ReadHuman36m(folder_, {});
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  EXPECT_EQ(dataset->images, folder_ / "images");
  ASSERT_EQ(dataset->samples.size(), 4U);
  EXPECT_EQ(dataset->samples[0].file, "S9/nine.jpg");
  EXPECT_EQ(dataset->samples[2].file, "S11/take/0.jpg");
}

TEST_F(Human36mFolderTest, WithoutPicturesTheyAreWhereTheyShouldBe) {
  WriteSubject("set/annotations");
  const auto dataset = ReadHuman36m(folder_, {.protocol = 1});
  ASSERT_TRUE(dataset.ok());
  EXPECT_EQ(dataset->images, folder_ / "set/images");
}

TEST_F(Human36mFolderTest, SaysWhatIsMissingAndWhereItLooked) {
  WriteSubject("annotations");
  const auto subject9 = ReadHuman36m(folder_, {.protocol = 2});
  ASSERT_FALSE(subject9.ok());
  EXPECT_THAT(subject9.error().message,
              HasSubstr("Human36M_subject9_data.json: not found in " + folder_.string()));
  fs::remove(folder_ / "annotations/Human36M_subject11_camera.json");
  const auto camera = ReadHuman36m(folder_, {.protocol = 1});
  ASSERT_FALSE(camera.ok());
  EXPECT_THAT(camera.error().message, HasSubstr("Human36M_subject11_camera.json: not found"));
  const auto nowhere = ReadHuman36m(folder_ / "nowhere", {});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_THAT(nowhere.error().message, HasSubstr("no such folder"));
}

}  // namespace
}  // namespace cnp::datasets
