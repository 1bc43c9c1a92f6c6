// Broken and malicious files give an error that says what is wrong; none crashes or costs memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "convnextpose/checkpoint/checkpoint.h"
#include "convnextpose/checkpoint/crc32.h"
#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/checkpoint/tar.h"
#include "convnextpose/checkpoint/test_support.h"
#include "convnextpose/checkpoint/zip.h"

namespace cnp::checkpoint {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr std::int64_t kHuge = std::int64_t{1} << 40;

std::string Small(const std::string& form) { return ReadAll(TestFile(form)); }

std::string SmallLegacy() {
  return ReadAll(std::filesystem::path(CNP_TESTDATA) / "../fuzz/corpus/fuzz_legacy/small");
}

std::string Safetensors(const std::string& header, const std::string& data) {
  return Raw(std::uint64_t{header.size()}) + header + data;
}

std::string SmallSafetensors() {
  return Safetensors(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
                     Raw(1.5F) + Raw(-2.0F));
}

/// Reads, and sums every element: a sanitizer sees a span that is wrong.
Result<float> Sum(const std::string& file) {
  CNP_ASSIGN(const Checkpoint checkpoint, ReadBytes(AsBytes(file), "file"));
  float sum = 0;
  for (const Tensor& tensor : checkpoint.tensors) {
    for (const float value : ToFloat(tensor)) sum += value;
  }
  return sum;
}

// ---- Damage

class DamageTest : public ::testing::TestWithParam<std::string> {
 protected:
  static std::string File() {
    if (GetParam() == "safetensors") return SmallSafetensors();
    if (GetParam() == "legacy") return SmallLegacy();
    if (GetParam() == "written") return TorchZip(PickledNetwork({{}}));
    return Small("small.pth");
  }
};
INSTANTIATE_TEST_SUITE_P(Forms, DamageTest,
                         ::testing::Values("zip", "written", "legacy", "safetensors"));

TEST_P(DamageTest, EveryTruncationIsAnError) {
  const std::string file = File();
  ASSERT_TRUE(Sum(file).ok()) << Sum(file).error().message;
  for (std::size_t size = 0; size < file.size(); ++size) {
    // A copy of just that size, so that a sanitizer sees reads beyond it.
    const Result<float> sum = Sum(std::string(file.data(), size));
    ASSERT_FALSE(sum.ok()) << size;
    if (size < 40) continue;  // Too short to know what it was to be.
    EXPECT_THAT(sum.error().message, HasSubstr("ownload")) << size;
  }
}

TEST_P(DamageTest, NoFlippedByteCrashes) {
  const std::string file = File();
  for (std::size_t at = 0; at < file.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const Result<float> sum = Sum(damaged);
      // Checksums guard all of a zip; in the other forms a number may have changed unseen.
      if (sum.ok() && GetParam() == "zip") {
        EXPECT_EQ(*sum, -0.5F) << at;
      }
    }
  }
}

TEST(ZipTest, DamagedDataIsReportedWithTheNameOfTheEntry) {
  const std::string data = Raw(1.5F) + Raw(-2.0F);
  const std::string file = Small("small.pth");
  const std::size_t at = file.find(data);
  ASSERT_NE(at, std::string::npos);
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::string damaged = file;
    damaged[at + i] = static_cast<char>(damaged[at + i] ^ 0x10);
    EXPECT_THAT(ReadError(damaged),
                AllOf(HasSubstr("tensor w: snapshot_7/data/0: checksum (CRC-32) is wrong"),
                      HasSubstr("download it again")));
  }
}

TEST(Crc32Test, KnownValues) {
  EXPECT_EQ(Crc32({}), 0U);
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xCBF43926U);  // The check value of the standard.
  EXPECT_EQ(Crc32(AsBytes("The quick brown fox jumps over the lazy dog")), 0x414FA339U);
}

// ---- Zip archives that lie

/// The fields of the only entry, or of the first, patched in the directory and, where it has them,
/// in the local header.
struct Patch {
  std::size_t central_offset;
  std::string bytes;
};

std::string Patched(std::string zip, const Patch& patch) {
  const std::size_t central = zip.find("PK\1\2");
  EXPECT_NE(central, std::string::npos);
  return zip.replace(central + patch.central_offset, patch.bytes.size(), patch.bytes);
}

std::string ZipError(const std::string& zip, std::uint64_t max_inflated = 1 << 20) {
  const auto archive = OpenZip(AsBytes(zip), max_inflated);
  if (!archive.ok()) return archive.error().message;
  for (const std::string& name : (*archive)->Names()) {
    const Result<Content> content = (*archive)->Read(name);
    if (!content.ok()) return content.error().message;
  }
  return "";
}

TEST(ZipTest, EntriesThatLieAreRefused) {
  const std::string zip = ZipOf({{"a", "first"}, {"b", "second"}});
  ASSERT_EQ(ZipError(zip), "");
  EXPECT_THAT(ZipError(Patched(zip, {42, Raw(std::uint32_t{1})})), HasSubstr("a is not where"));
  EXPECT_THAT(ZipError(Patched(zip, {42, Raw(std::uint32_t{0xFFFFFF00})})),
              HasSubstr("is not where"));
  EXPECT_THAT(ZipError(Patched(zip, {8, Raw(std::uint16_t{1})})), HasSubstr("a is encrypted"));
  EXPECT_THAT(ZipError(Patched(zip, {10, Raw(std::uint16_t{12})})), HasSubstr("method 12"));
  EXPECT_THAT(ZipError(Patched(zip, {10, Raw(std::uint16_t{8})})), HasSubstr("disagree"));
  EXPECT_THAT(ZipError(Patched(zip, {24, Raw(std::uint32_t{4})})),
              HasSubstr("two different sizes"));
  const std::string longer = Raw(std::uint32_t{40});
  EXPECT_THAT(ZipError(Patched(zip, {20, longer + longer})), HasSubstr("a and b overlap"));
  const std::string beyond = Raw(std::uint32_t{4000});
  EXPECT_THAT(ZipError(Patched(zip, {20, beyond + beyond})),
              HasSubstr("a reaches beyond the file"));
  const std::string in64 = Raw(std::uint32_t{0xFFFFFFFF});
  EXPECT_THAT(ZipError(Patched(zip, {20, in64 + in64})), HasSubstr("reaches beyond"));
  EXPECT_THAT(ZipError(Patched(zip, {46, "x"})),
              HasSubstr("x and its entry in the directory disagree"));
  EXPECT_THAT(ZipError(Replaced(zip, "b", "a")), HasSubstr("holds a twice"));
}

TEST(ZipTest, EntriesThatShareDataAreRefused) {
  std::string zip = ZipOf({{"a", "first"}, {"a", "second"}});
  const std::size_t second = zip.rfind("PK\1\2");
  zip.replace(second + 12, 34,
              zip.substr(zip.find("PK\1\2") + 12, 34));  // All fields of the first.
  EXPECT_THAT(ZipError(zip), HasSubstr("a and a overlap"));
}

TEST(ZipTest, DirectoriesThatLieAreRefused) {
  const std::string zip = ZipOf({{"a", "first"}});
  const std::size_t end = zip.rfind("PK\5\6");
  const auto patched = [&](std::size_t offset, const std::string& bytes) {
    std::string lie = zip;
    return lie.replace(end + offset, bytes.size(), bytes);
  };
  EXPECT_THAT(ZipError(patched(10, Raw(std::uint16_t{2}))), HasSubstr("directory is not where"));
  EXPECT_THAT(ZipError(patched(12, Raw(std::uint32_t{4000}))), HasSubstr("directory is not where"));
  EXPECT_THAT(ZipError(patched(16, Raw(std::uint32_t{0xFFFFFFF0}))), HasSubstr("directory is not"));
  EXPECT_THAT(ZipError(patched(16, Raw(std::uint32_t{0}))),
              AnyOf(HasSubstr("ends early"), HasSubstr("is not where")));
  EXPECT_THAT(ZipError(patched(4, Raw(std::uint16_t{1}))), HasSubstr("one volume of several"));
  EXPECT_THAT(ZipError(zip + "x"), HasSubstr("without its end, truncated"));
}

TEST(ZipTest, ZipBombsAreRefusedBeforeTheyInflate) {
  std::string zip = ReadAll(TestFile("deflated.tar"));
  if (ZipError(zip).find("built without zlib") != std::string::npos) {
    GTEST_SKIP() << "built without zlib";
  }
  ASSERT_EQ(ZipError(zip), "");
  EXPECT_THAT(ZipError(Patched(zip, {24, Raw(std::uint32_t{0xF0000000})})), HasSubstr("zip bomb"));
  EXPECT_THAT(ZipError(Patched(zip, {24, Raw(std::uint32_t{100000})})), HasSubstr("damaged"));
  EXPECT_THAT(ZipError(Patched(zip, {24, Raw(std::uint32_t{1})})), HasSubstr("damaged"));
  // Deflate itself cannot grow data by more than 1032, whatever the caller allows.
  EXPECT_THAT(ZipError(Patched(zip, {24, Raw(std::uint32_t{10'000'000})}), 1 << 30),
              HasSubstr("zip bomb"));
  // The sum counts, not only the single entry.
  const auto archive = OpenZip(AsBytes(zip), 100);
  ASSERT_TRUE(archive.ok());
  std::string error;
  for (const std::string& name : (*archive)->Names()) {
    const Result<Content> content = (*archive)->Read(name);
    if (!content.ok()) error = content.error().message;
  }
  EXPECT_THAT(error, HasSubstr("zip bomb"));
}

// ---- Tar archives

TEST(TarTest, DamageIsReported) {
  const std::string tar = ReadAll(TestFile("long_name.tar"));
  const auto error = [](const std::string& file) {
    const auto archive = OpenTar(AsBytes(file));
    return archive.ok() ? "" : archive.error().message;
  };
  ASSERT_EQ(error(tar), "");
  EXPECT_THAT(error(tar.substr(0, 1000)), HasSubstr("truncated at 1000 bytes"));
  EXPECT_THAT(error(tar.substr(0, 2048)), HasSubstr("truncated at 2048 bytes"));
  std::string damaged = tar;
  damaged[1024 + 3] = static_cast<char>(damaged[1024 + 3] ^ 1);
  EXPECT_THAT(error(damaged), HasSubstr("wrong checksum at 1024"));
  const std::size_t end = tar.find_last_not_of('\0') / 512 * 512 + 512;
  EXPECT_THAT(error(tar.substr(0, end) + tar), HasSubstr("twice"));
}

TEST(TarTest, NoFlippedByteCrashes) {
  const std::string tar = ReadAll(TestFile("folder.tar")).substr(0, 6144);
  for (std::size_t at = 0; at < tar.size(); ++at) {
    std::string damaged = tar;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x81);
    (void)Sum(damaged);
  }
}

// ---- Tensors that lie

std::string TensorError(const PickledTensor& tensor) {
  return ReadError(TorchZip(PickledNetwork({tensor})));
}

TEST(TorchObjectTest, TensorsThatLieAreRefused) {
  ASSERT_EQ(TensorError({}), "");
  EXPECT_THAT(TensorError({.shape = {3}}), HasSubstr("tensor w: reaches beyond its storage"));
  EXPECT_THAT(TensorError({.offset = 1}), HasSubstr("reaches beyond its storage"));
  EXPECT_THAT(TensorError({.offset = -1}), HasSubstr("reaches beyond its storage"));
  EXPECT_THAT(TensorError({.offset = 1, .strides = {-1}}), HasSubstr("negative stride"));
  EXPECT_THAT(TensorError({.shape = {-1}}), HasSubstr("negative size"));
  EXPECT_THAT(TensorError({.shape = {kHuge, kHuge}, .strides = {0, 0}}), HasSubstr("absurd shape"));
  EXPECT_THAT(TensorError({.shape = {2}, .strides = {}}), HasSubstr("1 dimensions and 0 strides"));
  EXPECT_THAT(TensorError({.count = 3}), HasSubstr("storage 0 holds 8 bytes instead of 12"));
  EXPECT_THAT(TensorError({.count = kHuge}), HasSubstr("storage 0 claims an absurd size"));
  EXPECT_THAT(TensorError({.count = -1}), HasSubstr("absurd size"));
  EXPECT_THAT(TensorError({.type = "DoubleStorage"}), HasSubstr("8 bytes instead of 16"));
  EXPECT_THAT(TensorError({.type = "Size"}), HasSubstr("torch.Size is no type of storage"));
  EXPECT_THAT(TensorError({.type = "ComplexFloatStorage"}), HasSubstr("torch.ComplexFloatStorage"));
  EXPECT_THAT(TensorError({.key = "1"}),
              HasSubstr("tensor w: a/data/1 is missing from the archive"));
  EXPECT_THAT(TensorError({.key = "../../etc/passwd"}), HasSubstr("malformed reference"));
  EXPECT_THAT(TensorError({.key = ".."}), HasSubstr("malformed reference"));
  EXPECT_THAT(TensorError({.name = "a\nb"}), HasSubstr("no plain text"));
  EXPECT_THAT(TensorError({.name = "\xff"}), HasSubstr("no plain text"));
}

TEST(TorchObjectTest, ViewsMustNotMultiplyTheFile) {
  EXPECT_THAT(TensorError({.shape = {kHuge}, .strides = {0}}),
              HasSubstr("far more elements than the 2 that the file holds"));
  std::vector<PickledTensor> many;
  many.reserve(2000);
  for (int i = 0; i < 2000; ++i) {
    many.push_back({.name = std::to_string(i), .shape = {1000}, .strides = {0}});
  }
  EXPECT_THAT(ReadError(TorchZip(PickledNetwork(many))), HasSubstr("far more elements"));
}

TEST(TorchObjectTest, StateDictsThatLieAreRefused) {
  EXPECT_THAT(ReadError(TorchZip(PickledNetwork({{}, {}}))), HasSubstr("holds w twice"));
  EXPECT_THAT(ReadError(TorchZip(PickledNetwork({{}, {.name = "v", .type = "IntStorage"}}))),
              HasSubstr("storage 0 is described in two ways"));
  EXPECT_THAT(ReadError(TorchZip(PickledNetwork({}))),
              AllOf(HasSubstr("no state dict: its keys are network"), HasSubstr("torch.save")));
  EXPECT_THAT(ReadError(TorchZip("]q\1h\1a.")), HasSubstr("holds no dict"));
  EXPECT_THAT(ReadError(TorchZip("}q\1(Nh\1h\1h\1u.")), HasSubstr("no state dict"));
}

TEST(TorchObjectTest, ADictThatHoldsItselfAsOptimizerIsCountedOnce) {
  const std::string network = PickledNetwork({{}, {.name = "tied"}});
  const std::string pickle =
      network.substr(0, network.size() - 1) + "q\1" + PickledText("optimizer") + "h\1s.";
  const std::string file = TorchZip(pickle);
  const Result<Checkpoint> checkpoint = ReadBytes(AsBytes(file), "file");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->optimizer_tensors, 2);  // On one storage of 8 bytes.
  EXPECT_EQ(checkpoint->optimizer_bytes, 8);
}

TEST(TorchObjectTest, RefusesCodeAndSaysWhere) {
  const std::string pickle = "cos\nsystem\n" + PickledText("ls") + "\x85R.";
  EXPECT_THAT(ReadError(TorchZip("\x80\x02" + pickle)),
              HasSubstr("file: a/data.pkl: offset 2: refuses to call os.system"));
}

TEST(TorchObjectTest, BigEndianFilesAreRefused) {
  const std::string zip = ZipOf({{"a/data.pkl", PickledNetwork({{}})},
                                 {"a/byteorder", "big"},
                                 {"a/data/0", Raw(1.5F) + Raw(-2.0F)}});
  EXPECT_THAT(ReadError(zip), HasSubstr("big-endian"));
}

// ---- The legacy stream

TEST(LegacyTest, StreamsThatLieAreRefused) {
  const std::string legacy = SmallLegacy();
  const std::string data = Raw(std::int64_t{2}) + Raw(1.5F);
  EXPECT_THAT(ReadError(Replaced(legacy, data, Raw(std::int64_t{3}) + Raw(1.5F))),
              HasSubstr("holds 3 elements instead of 2"));
  EXPECT_THAT(ReadError(Replaced(legacy, data, Raw(std::int64_t{-1}) + Raw(1.5F))),
              HasSubstr("holds -1 elements instead of 2"));
  EXPECT_THAT(ReadError(Replaced(legacy, "little_endianq\2\x88", "little_endianq\2\x89")),
              HasSubstr("big-endian"));
  const std::string views = ReadAll(TestFile("legacy_views.pth"));
  EXPECT_THAT(ReadError(Replaced(views, "K\2K\3", "K\4K\3")),
              HasSubstr("beyond its storage whole"));
  EXPECT_THAT(ReadError(Replaced(views, "K\2K\3", "K\2N0")), HasSubstr("malformed"));
}

// ---- safetensors

std::string HeaderError(const std::string& header, const std::string& data = "12345678") {
  return ReadError(Safetensors(header, data));
}

TEST(SafetensorsTest, HeadersThatLieAreRefused) {
  const auto entry = [](const std::string& type, const std::string& shape,
                        const std::string& range) {
    return R"({"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + range + "}";
  };
  const auto one = [&](const std::string& type, const std::string& shape,
                       const std::string& range) {
    return HeaderError(R"({"w":)" + entry(type, shape, range) + "}");
  };
  ASSERT_EQ(one("F32", "[2]", "[0,8]"), "");
  EXPECT_THAT(one("F32", "[3]", "[0,8]"), HasSubstr("has 8 bytes, its shape asks for 12"));
  EXPECT_THAT(one("F32", "[2]", "[0,9]"), HasSubstr("tensor w: lies outside the file"));
  EXPECT_THAT(one("F32", "[2]", "[8,0]"), HasSubstr("lies outside the file"));
  EXPECT_THAT(one("F32", "[1]", "[4,8]"), HasSubstr("leaves a gap"));
  EXPECT_THAT(one("F32", "[1]", "[0,4]"), HasSubstr("8 bytes of data instead of 4"));
  EXPECT_THAT(one("F8_E4M3", "[8]", "[0,8]"), HasSubstr("type F8_E4M3, which is not supported"));
  EXPECT_THAT(one("F32", "[-2]", "[0,8]"), HasSubstr("as the format asks"));
  EXPECT_THAT(one("F32", "[1e99]", "[0,8]"), HasSubstr("as the format asks"));
  EXPECT_THAT(one("F32", "[281474976710656]", "[0,8]"), HasSubstr("as the format asks"));
  EXPECT_THAT(one("F32", "[1099511627776,1099511627776]", "[0,8]"), HasSubstr("absurd shape"));
  EXPECT_THAT(one("F32", "{}", "[0,8]"), HasSubstr("as the format asks"));
  EXPECT_THAT(one("F32", "[[2]]", "[0,8]"), HasSubstr("nested too deep"));
  const std::string w = entry("F32", "[2]", "[0,8]");
  EXPECT_THAT(HeaderError("{\"w\":" + w + ",\"w\":" + w + "}"), HasSubstr("holds w twice"));
  EXPECT_THAT(HeaderError("{\"w\":" + w + ",\"v\":" + w + "}"), HasSubstr("overlaps"));
  EXPECT_THAT(HeaderError("{\"\\u001b\":" + w + "}"), HasSubstr("control characters"));
  EXPECT_THAT(HeaderError("{\"w\":1}"), HasSubstr("as the format asks"));
  EXPECT_THAT(HeaderError(R"({"__metadata__":{"a":1}})", ""), HasSubstr("more than texts"));
  EXPECT_THAT(HeaderError("{\"w\":"), HasSubstr("no JSON object"));
  EXPECT_THAT(HeaderError("{" + std::string(100000, '[')), HasSubstr("header"));
  EXPECT_THAT(HeaderError("{\"a\":" + std::string(100000, '[')), HasSubstr("nested too deep"));
}

TEST(SafetensorsTest, HeadersOfAbsurdLengthAreRefused) {
  EXPECT_THAT(ReadError(Raw(std::uint64_t{90'000'000}) + "{}"), HasSubstr("too large"));
  EXPECT_THAT(ReadError(Raw(std::uint64_t{1000}) + "{}"), HasSubstr("truncated at 10 bytes"));
}

// ---- Text from files

TEST(PrintableTest, OnlyPlainTextPasses) {
  EXPECT_TRUE(IsPrintable("plain, \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
  for (const std::string text : {"\n", "\x7f", "\xff", "\xC3", "\xC0\x80", "\xED\xA0\x80",
                                 "\xC2\x85", "\xF4\x90\x80\x80", "\xE0\x80\x80"}) {
    EXPECT_FALSE(IsPrintable(text)) << testing::PrintToString(text);
    EXPECT_TRUE(IsPrintable(Printable(text)));
  }
  EXPECT_EQ(Printable("a\x1b\xC3\xA4\xC3"), "a\\x1b\xC3\xA4\\xc3");
  EXPECT_LT(Printable(std::string(1000, 'a')).size(), 130U);
}

}  // namespace
}  // namespace cnp::checkpoint
