#include "convnextpose/checkpoint/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "convnextpose/checkpoint/test_support.h"
#include "convnextpose/checkpoint/zip.h"

namespace cnp::checkpoint {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// Every type and every kind of view.
Checkpoint Golden() { return Read(TestFile("zip.pth")).value(); }

void ExpectSame(std::span<const Tensor> actual, std::span<const Tensor> expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(actual[i].name, expected[i].name);
    EXPECT_EQ(actual[i].dtype, expected[i].dtype) << expected[i].name;
    EXPECT_EQ(actual[i].shape, expected[i].shape) << expected[i].name;
    EXPECT_EQ(ToContiguousBytes(actual[i]), ToContiguousBytes(expected[i])) << expected[i].name;
    EXPECT_TRUE(IsContiguous(actual[i])) << expected[i].name;
  }
}

/// Offset in the file of the tensor's first byte.
std::size_t FileOffset(const std::string& file, const Tensor& tensor) {
  return static_cast<std::size_t>(reinterpret_cast<const char*>(tensor.storage.data()) -
                                  file.data());
}

TEST(WriterTest, SafetensorsRoundTrip) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.safetensors";
  const Checkpoint golden = Golden();
  const std::map<std::string, std::string> metadata = {{"epoch", "9"}, {"config", "{\"a\":\n1}"}};
  ASSERT_TRUE(WriteSafetensors(path, golden.tensors, metadata).ok());
  const std::string file = ReadAll(path);
  const Result<Checkpoint> read = ReadBytes(AsBytes(file), "a");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ExpectSame(read->tensors, golden.tensors);
  EXPECT_EQ(read->metadata, metadata);
  EXPECT_EQ(read->epoch, 9);
  EXPECT_EQ(FileOffset(file, read->tensors[0]) % 64, 0U);
}

TEST(WriterTest, TorchZipRoundTrip) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "snapshot_9.pth.tar";
  const Checkpoint golden = Golden();
  ASSERT_TRUE(WriteTorchZip(path, golden.tensors, {.epoch = std::int64_t{1} << 40}).ok());
  const std::string file = ReadAll(path);
  const Result<Checkpoint> read = ReadBytes(AsBytes(file), "a");
  ASSERT_TRUE(read.ok()) << read.error().message;
  ExpectSame(read->tensors, golden.tensors);
  EXPECT_EQ(read->epoch, std::int64_t{1} << 40);
  EXPECT_EQ(read->state_dict_key, "network");
  EXPECT_EQ(read->root, "snapshot_9.pth");
  for (const Tensor& tensor : read->tensors) {
    EXPECT_EQ(FileOffset(file, tensor) % 64, 0U) << tensor.name;
  }
}

TEST(WriterTest, BareStateDict) {
  const TemporaryFolder folder;
  const Checkpoint golden = Golden();
  ASSERT_TRUE(WriteTorchZip(folder.path() / "a", golden.tensors, {.state_dict_key = ""}).ok());
  const Result<Checkpoint> read = Read(folder.path() / "a");
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->state_dict_key, "");
  ExpectSame(read->tensors, golden.tensors);
}

// torch is the judge: the files must load there, as an OrderedDict of contiguous tensors whose
// values are those of the file that torch itself wrote.
TEST(WriterTest, TorchLoadsTheFile) {
  if (std::system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
    GTEST_SKIP() << "/usr/bin/python3 has no torch";
  }
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "a.pth";
  ASSERT_TRUE(WriteTorchZip(path, Golden().tensors, {.epoch = 7}).ok());
  const std::string script = R"(
import collections, sys, torch
ours, theirs = torch.load(sys.argv[1]), torch.load(sys.argv[2])
assert list(ours) == ["epoch", "network"] and ours["epoch"] == 7
ours, theirs = ours["network"], theirs["network"]
assert type(ours) is collections.OrderedDict and list(ours) == list(theirs)
for name, tensor in ours.items():
    assert tensor.dtype == theirs[name].dtype and tensor.shape == theirs[name].shape, name
    assert tensor.is_contiguous() and not tensor.requires_grad, name
    assert torch.equal(tensor, theirs[name]), name
if hasattr(torch, "_weights_only_unpickler"):
    torch.load(sys.argv[1], weights_only=True)
)";
  const fs::path script_path = folder.path() / "check.py";
  std::ofstream(script_path) << script;
  const std::string command = "/usr/bin/python3 " + script_path.string() + " " + path.string() +
                              " " + TestFile("zip.pth").string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(WriterTest, RefusesWhatCannotBeRead) {
  const TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  const Tensor tensor = DenseTensor("w", DType::kF32, {2}, std::as_bytes(std::span(values)));
  const fs::path path = folder.path() / "a.pth";
  const std::vector<Tensor> twice = {tensor, tensor};
  EXPECT_THAT(WriteTorchZip(path, twice).error().message, HasSubstr("two tensors are named w"));
  Tensor outside = tensor;
  outside.offset = 1;
  EXPECT_THAT(WriteSafetensors(path, {&outside, 1}, {}).error().message,
              HasSubstr("tensor w: reaches beyond its storage"));
  EXPECT_FALSE(fs::exists(path));
  EXPECT_THAT(WriteTorchZip(folder.path() / "no" / "a.pth", {&tensor, 1}).error().message,
              HasSubstr("cannot create"));
}

// A limit of 100 bytes makes a small archive use every zip64 field that a 5 GB one needs.
TEST(ZipWriterTest, Zip64Archives) {
  const TemporaryFolder folder;
  const std::string large(1000, 'L');
  const std::string small = "s";
  ZipWriter writer(/*zip64_above=*/100);
  writer.Add("first", AsBytes(large));   // A large entry near the front,
  writer.Add("second", AsBytes(small));  // a small one far from it,
  writer.Add("third", AsBytes(large));   // a large one far from it.
  ASSERT_TRUE(writer.Write(folder.path() / "a.zip").ok());
  const std::string file = ReadAll(folder.path() / "a.zip");
  const auto archive = OpenZip(AsBytes(file), 0);
  ASSERT_TRUE(archive.ok()) << archive.error().message;
  EXPECT_EQ(AsText((*archive)->Read("first")->bytes), large);
  EXPECT_EQ(AsText((*archive)->Read("second")->bytes), small);
  EXPECT_EQ(AsText((*archive)->Read("third")->bytes), large);
  const std::string check = "/usr/bin/python3 -m zipfile -t " + (folder.path() / "a.zip").string();
  if (std::system("/usr/bin/python3 -c 0") == 0) {
    EXPECT_EQ(std::system((check + " >/dev/null").c_str()), 0);  // Python's reader agrees.
  }
}

}  // namespace
}  // namespace cnp::checkpoint
