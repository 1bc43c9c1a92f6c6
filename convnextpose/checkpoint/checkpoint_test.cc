// Every form of checkpoint gives the tensors that torch itself sees in it (expected.json).
#include "convnextpose/checkpoint/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "convnextpose/checkpoint/half.h"
#include "convnextpose/checkpoint/test_support.h"

namespace cnp::checkpoint {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

void ExpectGoldenTensors(const Checkpoint& checkpoint) {
  const auto expected = nlohmann::json::parse(ReadAll(TestFile("expected.json")));
  ASSERT_EQ(checkpoint.tensors.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Tensor& tensor = checkpoint.tensors[i];
    EXPECT_EQ(tensor.name, expected[i]["name"]);
    EXPECT_EQ(Name(tensor.dtype), expected[i]["dtype"]) << tensor.name;
    EXPECT_EQ(tensor.shape, expected[i]["shape"].get<std::vector<std::int64_t>>()) << tensor.name;
    EXPECT_EQ(ToFloat(tensor), expected[i]["values"].get<std::vector<float>>()) << tensor.name;
  }
}

struct Form {
  std::string file;
  Container container;
  std::string form;
  std::string root;
  std::string key = "network";
};
void PrintTo(const Form& form, std::ostream* out) { *out << form.file; }

class FormTest : public ::testing::TestWithParam<Form> {};

TEST_P(FormTest, GivesTheTensorsAndWhatStandsBesideThem) {
  const Result<Checkpoint> checkpoint = Read(TestFile(GetParam().file));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->container, GetParam().container);
  EXPECT_EQ(checkpoint->form, GetParam().form);
  EXPECT_EQ(checkpoint->root, GetParam().root);
  EXPECT_EQ(checkpoint->state_dict_key, GetParam().key);
  ExpectGoldenTensors(*checkpoint);
  if (GetParam().container == Container::kSafetensors || GetParam().key.empty()) return;
  EXPECT_EQ(checkpoint->epoch, 7);
  EXPECT_EQ(checkpoint->optimizer_tensors, 6);  // Step and two moments of weight and bias,
  EXPECT_EQ(checkpoint->optimizer_bytes, 4 * (2 + 2 * (6 + 3)));  // of float32.
  EXPECT_THAT(checkpoint->metadata,
              UnorderedElementsAre(Pair("amp", "False"), Pair("best", "49.75"),
                                   Pair("big", "1099511627776"), Pair("note", "tiny")));
}

INSTANTIATE_TEST_SUITE_P(
    All, FormTest,
    ::testing::Values(
        Form{"zip.pth", Container::kTorchZip, "PyTorch zip archive (stored), pickle protocol 2",
             "snapshot_7"},
        Form{"zip64.pth", Container::kTorchZip, "PyTorch zip archive (stored), pickle protocol 2",
             "snapshot_7"},
        Form{"protocol4.pth", Container::kTorchZip,
             "PyTorch zip archive (stored), pickle protocol 4", "snapshot_7"},
        Form{"bare.pth", Container::kTorchZip, "PyTorch zip archive (stored), pickle protocol 2",
             "snapshot_7", ""},
        Form{"deeper.zip", Container::kTorchZip,
             "PyTorch zip archive (stored), one folder deeper, pickle protocol 2",
             "ConvNeXtPose/snapshot_7"},
        Form{"folder.tar", Container::kTorchZip, "PyTorch tar archive, pickle protocol 2",
             "snapshot_7"},
        Form{"file.tar", Container::kTorchZip,
             "PyTorch zip archive (stored), pickle protocol 2, inside a tar archive", "snapshot_7"},
        Form{"folder", Container::kTorchFolder, "PyTorch folder, pickle protocol 2", "snapshot_7"},
        Form{"folder/snapshot_7", Container::kTorchFolder, "PyTorch folder, pickle protocol 2",
             "snapshot_7"},
        Form{"folder/snapshot_7/", Container::kTorchFolder, "PyTorch folder, pickle protocol 2",
             "snapshot_7"},
        Form{"folder/snapshot_7/data.pkl", Container::kTorchFolder,
             "PyTorch folder, pickle protocol 2", "snapshot_7"},
        Form{"legacy.pth", Container::kTorchLegacy,
             "PyTorch legacy stream (before torch 1.6), pickle protocol 2", ""},
        Form{"network.safetensors", Container::kSafetensors, "safetensors", "", ""}),
    [](const auto& form) {
      std::string name = form.param.file;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

TEST(CheckpointTest, ReadsDeflatedArchivesWhereBuiltWithZlib) {
  const Result<Checkpoint> checkpoint = Read(TestFile("deflated.tar"));
  if (!checkpoint.ok()) {
    ASSERT_THAT(checkpoint.error().message, HasSubstr("built without zlib"));
    GTEST_SKIP() << "built without zlib";
  }
  EXPECT_EQ(checkpoint->form, "PyTorch zip archive (deflated), pickle protocol 2");
  ExpectGoldenTensors(*checkpoint);
}

TEST(CheckpointTest, TensorsOutliveTheirReaderAndItsCopies) {
  std::vector<Tensor> tensors;
  Checkpoint copy;
  {
    Result<Checkpoint> checkpoint = Read(TestFile("small.pth"));
    ASSERT_TRUE(checkpoint.ok());
    copy = *checkpoint;
  }
  EXPECT_THAT(ToFloat(copy.tensors[0]), ElementsAre(1.5F, -2.0F));
}

TEST(CheckpointTest, ReadsViewsOfStoragesInTheLegacyStream) {
  const Result<Checkpoint> checkpoint = Read(TestFile("legacy_views.pth"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->state_dict_key, "state_dict");
  ASSERT_EQ(checkpoint->tensors.size(), 2U);
  EXPECT_THAT(ToFloat(checkpoint->tensors[0]), ElementsAre(2, 3, 4));
  EXPECT_THAT(ToFloat(checkpoint->tensors[1]), ElementsAre(3, 4));
}

TEST(CheckpointTest, ReadsWhatPython2AndNumpyWrite) {
  const Result<Checkpoint> python2 = Read(TestFile("python2.pth"));
  ASSERT_TRUE(python2.ok()) << python2.error().message;
  EXPECT_THAT(ToFloat(python2->tensors.at(0)), ElementsAre(1.5F, -2.0F));
  const Result<Checkpoint> numpy = Read(TestFile("numpy_epoch.pth"));
  ASSERT_TRUE(numpy.ok()) << numpy.error().message;
  EXPECT_EQ(numpy->epoch, 200);
}

TEST(CheckpointTest, ReadsLongNamesInTars) {
  for (const std::string file : {"long_name.tar", "ustar_name.tar", "pax_name.tar"}) {
    const Result<Checkpoint> checkpoint = Read(TestFile(file));
    ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
    const std::string umlaut = file == "pax_name.tar" ? "\xC3\xA4" : "";  // Needs pax.
    EXPECT_EQ(checkpoint->root, umlaut + std::string(90, 'd') + "/snapshot_7");
  }
}

TEST(CheckpointTest, ReadsACheckpointThatIsPackedTwice) {
  const std::string file =
      ZipOf({{"__MACOSX/._b.pth", "junk"}, {"b.pth", ReadAll(TestFile("legacy.pth"))}});
  const Result<Checkpoint> checkpoint = ReadBytes(AsBytes(file), "b.zip");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  EXPECT_THAT(checkpoint->form, HasSubstr("inside a zip archive (stored)"));
  EXPECT_EQ(checkpoint->file_bytes, file.size());
  ExpectGoldenTensors(*checkpoint);
}

TEST(CheckpointTest, ReadsARealTrainedCheckpoint) {
  const fs::path path = fs::path(CNP_SHARED) / "weights" / "convnextpose_xs_refit.pth.tar";
  if (!fs::exists(path)) GTEST_SKIP() << path << " absent";
  const Result<Checkpoint> checkpoint = Read(path);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->state_dict_key, "network");
  EXPECT_EQ(checkpoint->file_bytes, fs::file_size(path));
  std::int64_t elements = 0;
  for (const Tensor& tensor : checkpoint->tensors) {
    if (tensor.dtype == DType::kF32) elements += ElementCount(tensor);
  }
  EXPECT_GT(elements, 3'528'008);  // XS's parameters, and BatchNorm's buffers.
}

// ---- What is no checkpoint is called by its name.

TEST(ForeignTest, IsNamedWithTheCure) {
  const std::string zeros(100, '\0');
  EXPECT_THAT(ReadError(""), HasSubstr("is empty; download it again"));
  EXPECT_THAT(ReadError("\n <!DOCTYPE html><html>"),
              HasSubstr("a web page, so the download failed"));
  EXPECT_THAT(ReadError("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("git lfs pull"));
  EXPECT_THAT(ReadError("\xff\xd8\xff\xe0 jpeg"), HasSubstr("a picture"));
  EXPECT_THAT(ReadError("\x89PNG\r\n\x1a\n"), HasSubstr("a picture"));
  EXPECT_THAT(ReadError("\x1f\x8b\x08 gzip"), HasSubstr("compressed; unpack it"));
  EXPECT_THAT(ReadError("\x08\x07\x12\x07pytorch\x1a"), HasSubstr("an ONNX model"));
  EXPECT_THAT(ReadError("\x08\x01\x12\x09\x12\x05serve tensorflow"), HasSubstr("TensorFlow"));
  EXPECT_THAT(ReadError("\x89HDF\r\n\x1a\n"), HasSubstr("HDF5"));
  EXPECT_THAT(ReadError(zeros), HasSubstr("nothing but zeros"));
  EXPECT_THAT(ReadError("hello"), HasSubstr("no checkpoint"));
  EXPECT_THAT(ReadError("\x80\x02}."),
              HasSubstr("a Python pickle, but none that torch.save wrote"));
}

TEST(ForeignTest, ModulesAndScriptsAreRefusedWithTheCure) {
  EXPECT_THAT(Read(TestFile("module.pth")).error().message,
              AllOf(HasSubstr("torch.nn.modules.linear.Linear"), HasSubstr("state_dict()")));
  EXPECT_THAT(Read(TestFile("script.pth")).error().message,
              AllOf(HasSubstr("TorchScript"), HasSubstr("state_dict()")));
}

TEST(ForeignTest, ArchivesWithoutOneCheckpointSayWhatTheyHold) {
  EXPECT_THAT(ReadError(ZipOf({{"a.txt", "x"}})), HasSubstr("it holds a.txt"));
  EXPECT_THAT(ReadError(ZipOf({})), HasSubstr("it holds nothing"));
  EXPECT_THAT(ReadError(ZipOf({{"a.pth", "x"}, {"b.pth", "y"}})),
              HasSubstr("several checkpoints: a.pth, b.pth"));
  EXPECT_THAT(ReadError(ZipOf({{"a/data.pkl", "x"}, {"b/data.pkl", "y"}})),
              HasSubstr("several checkpoints: a/data.pkl, b/data.pkl"));
  const std::string twice = ZipOf({{"a.zip", ZipOf({{"b.zip", ZipOf({{"c.zip", "x"}})}})}});
  EXPECT_THAT(ReadError(twice), HasSubstr("a.zip: b.zip: is a zip archive (stored) without"));
  EXPECT_THAT(Read(TestFile("")).error().message,
              AllOf(HasSubstr("is a folder without"), HasSubstr("bare.pth")));
}

TEST(ForeignTest, FilesThatCannotBeReadAreErrors) {
  const TemporaryFolder folder;
  EXPECT_THAT(Read(folder.path() / "none").error().message, HasSubstr("No such file"));
  const fs::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(Read(pipe).error().message, HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace cnp::checkpoint
