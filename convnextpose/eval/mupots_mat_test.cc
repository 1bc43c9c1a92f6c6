#include "convnextpose/eval/mupots_mat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#ifdef CNP_HAVE_ZLIB
#include <zlib.h>

#include <array>
#endif

#include "convnextpose/eval/mat5.h"

namespace cnp::eval {
namespace {

namespace fs = std::filesystem;
using pose::Vec2;
using pose::Vec3;
using ::testing::HasSubstr;

const MupotsPeople<Vec3> kPeople = {
    {"TS1_img_0000", {{{1, 2, 3}, {4, 5, 6}}, {{-7, 8.5, 9}, {10, 11, 12000}}}},
    {"TS20_img_0136", {{{0, 0, 1}, {1e-3, 1e6, 2}}}}};

class MupotsMatTest : public ::testing::Test {
 protected:
  MupotsMatTest() { fs::create_directories(folder_); }
  ~MupotsMatTest() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path Path(const std::string& name) const { return folder_ / name; }
  static std::string Bytes(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  fs::path folder_ = fs::path(::testing::TempDir()) / ("cnp_mupots_" + std::to_string(::getpid()));
};

TEST_F(MupotsMatTest, SurvivesTheRoundTrip) {
  ASSERT_TRUE(WriteMupots(Path("3d.mat"), kPeople).ok());
  const auto read = ReadMupots3d(Path("3d.mat"));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, kPeople);
  const MupotsPeople<Vec2> flat = {{"TS1_img_0000", {{{1, 2}, {3, 4}, {5, 6}}}}};
  ASSERT_TRUE(WriteMupots(Path("2d.mat"), flat).ok());
  EXPECT_EQ(*ReadMupots2d(Path("2d.mat")), flat);
  ASSERT_TRUE(WriteMupots(Path("none.mat"), MupotsPeople<Vec2>{}).ok());
  EXPECT_TRUE(ReadMupots2d(Path("none.mat"))->empty());
}

// testdata/eval/people.mat is SciPy's (tools/golden/make_mat.py): the order of its numbers is not
// ours.
TEST_F(MupotsMatTest, ReadsWhatTheAuthorsCodeWrites) {
  for (const char* name : {"/eval/people.mat", "/eval/people_compressed.mat"}) {
    const auto read = ReadMupots3d(CNP_TESTDATA + std::string(name));
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    const auto& people = read->at("TS1_img_0001");
    ASSERT_EQ(people.size(), 2U);
    ASSERT_EQ(people[0].size(), 17U);
    for (std::size_t p = 0; p < 2; ++p) {
      for (std::size_t j = 0; j < 17; ++j) {
        for (std::size_t k = 0; k < 3; ++k) {
          EXPECT_EQ(people[p][j][k], 1000.0 * static_cast<double>(p + 1) +
                                         10.0 * static_cast<double>(j) + static_cast<double>(k));
        }
      }
    }
    EXPECT_EQ(read->at("TS2_img_0007")[0][16], (Vec3{0.5, 0.25, -0.125})) << "single precision";
  }
}

TEST_F(MupotsMatTest, ErrorsNameFileAndVariable) {
  const auto error = [](const auto& result) { return result.ok() ? "" : result.error().message; };
  ASSERT_TRUE(WriteMupots(Path("3d.mat"), kPeople).ok());
  EXPECT_THAT(
      error(ReadMupots2d(Path("3d.mat"))),
      ::testing::AllOf(HasSubstr("3d.mat"), HasSubstr("TS1_img_0000"), HasSubstr("joints x 2")));
  EXPECT_THAT(error(ReadMupots3d(Path("absent.mat"))), HasSubstr("absent.mat"));
  std::ofstream(Path("text.mat")) << std::string(500, 'x');
  EXPECT_THAT(error(ReadMupots3d(Path("text.mat"))), HasSubstr("MATLAB file of version 5"));
  std::ofstream(Path("empty.mat")) << "";
  EXPECT_THAT(error(ReadMupots3d(Path("empty.mat"))), HasSubstr("MATLAB file of version 5"));
  MupotsPeople<Vec3> uneven = kPeople;
  uneven["TS1_img_0000"][1].pop_back();
  EXPECT_THAT(error(WriteMupots(Path("uneven.mat"), uneven)), HasSubstr("different joints"));
  EXPECT_FALSE(fs::exists(Path("uneven.mat")));
  EXPECT_THAT(error(WriteMupots(Path("no/folder.mat"), kPeople)), HasSubstr("folder.mat"));
}

std::span<const std::byte> AsBytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// The same numbers, byte for byte what SciPy makes of them but for the header's words.
TEST_F(MupotsMatTest, WritesAsSciPyDoes) {
  const auto arrays = ReadMat5(AsBytes(Bytes(CNP_TESTDATA "/eval/people.mat")));
  ASSERT_TRUE(arrays.ok());
  const std::string ours = WriteMat5({arrays->data(), 1});
  const std::string theirs = Bytes(CNP_TESTDATA "/eval/people.mat").substr(0, ours.size());
  EXPECT_EQ(ours.substr(116), theirs.substr(116));
}

TEST(HostileMatTest, DamagedFilesAreErrorsOrArrays) {
  for (const char* name : {"/eval/people.mat", "/eval/people_compressed.mat"}) {
    std::ifstream file(CNP_TESTDATA + std::string(name), std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto read = ReadMat5(AsBytes(whole.substr(0, size)));
      EXPECT_TRUE(!read.ok() || read->size() < 2) << size;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const int change : {0, 1, 4, 5, 14, 15, 127, 128, 255}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(change);
        const auto read = ReadMat5(AsBytes(damaged));
        for (std::size_t i = 0; read.ok() && i < read->size(); ++i) {
          EXPECT_LE((*read)[i].numbers.size(), 1000U);
        }
      }
    }
  }
}

TEST(HostileMatTest, ErrorsSayWhat) {
  const MatArray array = {"TS1_img_0000", {1, 2, 3}, {1, 2, 3, 4, 5, 6}};
  const std::string good = WriteMat5({&array, 1});
  const auto error = [&](std::size_t at, unsigned value) {
    std::string bad = good;
    bad[at] = static_cast<char>(value);
    const auto read = ReadMat5(AsBytes(bad));
    return read.ok() ? "" : read.error().message;
  };
  // The flags lie at 136, their class at 144; dims at 152, the first at 160; numbers at 200.
  EXPECT_THAT(error(144, 4), HasSubstr("TS1_img_0000: is no array of real numbers"));
  EXPECT_THAT(error(145, 8), HasSubstr("TS1_img_0000: is no array of real numbers"));
  EXPECT_THAT(error(163, 0x7F), HasSubstr("TS1_img_0000: has a size that cannot be"));
  EXPECT_THAT(error(163, 0xFF), HasSubstr("TS1_img_0000: has a size that cannot be"));
  EXPECT_THAT(error(160, 2), HasSubstr("TS1_img_0000: is damaged"));
  EXPECT_THAT(error(132, 255), HasSubstr("ends in the middle"));
  EXPECT_EQ(error(20, 'x'), "");
}

#ifdef CNP_HAVE_ZLIB
// 400 kB that inflate to 400 MB.
TEST(HostileMatTest, ABombIsAnError) {
  z_stream stream{};
  ASSERT_EQ(::deflateInit(&stream, Z_BEST_COMPRESSION), Z_OK);
  std::vector<Bytef> zeros(1 << 20);
  std::string packed(2 << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  for (int megabyte = 0; megabyte < 400; ++megabyte) {
    stream.next_in = zeros.data();
    stream.avail_in = static_cast<uInt>(zeros.size());
    ASSERT_EQ(::deflate(&stream, Z_NO_FLUSH), Z_OK);
  }
  ASSERT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  std::string file = WriteMat5({});
  const std::array<std::uint32_t, 2> tag = {15, static_cast<std::uint32_t>(packed.size())};
  file.append(reinterpret_cast<const char*>(tag.data()), sizeof(tag));
  EXPECT_THAT(ReadMat5(AsBytes(file + packed)).error().message, HasSubstr("too large"));
}
#endif

TEST(ToMupotsTest, NamesPicturesAndProjects) {
  datasets::Dataset dataset;
  dataset.joints = *pose::FindJointSet("mupots");
  datasets::Sample sample;
  sample.image_id = 5;
  sample.annotation_id = 6;
  sample.file = "MultiPersonTestSet/TS3/img_000012.jpg";
  sample.camera = {{1000, 2000}, {100, 200}};
  dataset.samples = {sample};
  Record record;
  record.image_id = 5;
  record.annotation_id = 6;
  record.file = sample.file;
  record.camera_mm.assign(17, {100, 50, 1000});
  Record stranger = record;
  stranger.image_id = 9;
  Record without = record;
  without.camera_mm.clear();
  const auto results =
      ToMupots(std::vector{record, stranger, without, record}, *dataset.joints, dataset);
  ASSERT_TRUE(results.ok());
  ASSERT_EQ(results->image_px.size(), 1U);
  const auto& people = results->image_px.at("TS3_img_000012");
  ASSERT_EQ(people.size(), 2U);
  EXPECT_EQ(people[0][3], (Vec2{200, 300}));
  EXPECT_EQ(results->camera_mm.at("TS3_img_000012")[1][16], (Vec3{100, 50, 1000}));
  record.file = "no folder.jpg";
  EXPECT_THAT(ToMupots({&record, 1}, *dataset.joints, dataset).error().message,
              HasSubstr("can be no variable"));
}

// A pose whose joint j is at x = j, in another set's order.
TEST(ToMupotsTest, MatchesJointsByTheirNames) {
  const pose::JointSet& muco = *pose::FindJointSet("muco").value();
  datasets::Dataset dataset;
  dataset.joints = *pose::FindJointSet("mupots");
  dataset.samples = {{.image_id = 1, .annotation_id = 2, .camera = {{1000, 1000}, {0, 0}}}};
  std::vector<std::string_view> names(muco.joints.rbegin(), muco.joints.rend());
  pose::JointSet reversed = muco;
  reversed.joints = names;
  Record record = {.image_id = 1, .annotation_id = 2, .file = "TS1/img_0001.jpg"};
  for (int j = 0; j < muco.size(); ++j) record.camera_mm.push_back({1.0 * j, 0, 1000});
  const auto results = ToMupots({&record, 1}, reversed, dataset);
  ASSERT_TRUE(results.ok()) << results.error().message;
  const auto& person = results->camera_mm.at("TS1_img_0001")[0];
  ASSERT_EQ(person.size(), 17U);
  EXPECT_EQ(person[0], (Vec3{20, 0, 1000})) << "Head_top, the last of the reversed";
  EXPECT_EQ(person[16], (Vec3{4, 0, 1000}));
  EXPECT_EQ(results->image_px.at("TS1_img_0001")[0][16], (Vec2{4, 0}));

  record.camera_mm.resize(18);
  EXPECT_THAT(ToMupots({&record, 1}, pose::Human36m(), dataset).error().message,
              HasSubstr("has no Head_top, Spine"));
}

}  // namespace
}  // namespace cnp::eval
