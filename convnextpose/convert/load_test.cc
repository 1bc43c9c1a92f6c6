#include "convnextpose/convert/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "convnextpose/base/file.h"
#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/convert/convert.h"
#include "convnextpose/convert/examine.h"
#include "convnextpose/convert/test_checkpoint.h"
#include "convnextpose/model/config.h"

namespace cnp::convert {
namespace {

namespace fs = std::filesystem;
using checkpoint::DType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileTest : public ::testing::Test {
 protected:
  FileTest() : folder_(fs::temp_directory_path() / ("cnp_convert_" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~FileTest() override { fs::remove_all(folder_); }

  /// Written as the training code does, with "module." before every name.
  fs::path Write(const std::string& name, TestCheckpoint& file,
                 std::optional<std::int64_t> epoch = {}) {
    file.Rename([](const std::string& tensor) { return "module." + tensor; });
    const Status written =
        checkpoint::WriteTorchZip(folder_ / name, file.tensors, {.epoch = epoch});
    EXPECT_TRUE(written.ok()) << (written.ok() ? "" : written.error().message);
    return folder_ / name;
  }
  [[nodiscard]] fs::path In(const std::string& name) const { return folder_ / name; }

 private:
  fs::path folder_;
};

std::string Message(const Result<Network>& network) {
  return network.ok() ? "" : network.error().message;
}

/// What a custom network of TinySpec needs to be told.
const Options kTiny = {.spec = TinySpec()};

void ExpectSameWeights(const model::Weights& actual, const model::Weights& expected) {
  ASSERT_EQ(actual.all().size(), expected.all().size());
  for (const auto& [name, tensor] : expected.all()) {
    ASSERT_TRUE(actual.Has(name)) << name;
    EXPECT_EQ(actual.Get(name).shape, tensor.shape) << name;
    EXPECT_EQ(actual.Get(name).values, tensor.values) << name;
  }
}

using LoadTest = FileTest;

TEST_F(LoadTest, GivesTheFilesOwnNumbers) {
  TestCheckpoint file(TinySpec());
  const auto network = LoadNetwork(Write("tiny.pth", file, 12), kTiny);
  ASSERT_TRUE(network.ok()) << Message(network);
  EXPECT_EQ(network->spec, TinySpec());
  EXPECT_EQ(network->epoch, 12);
  EXPECT_THAT(network->form, HasSubstr("prefix module."));
  EXPECT_THAT(network->warnings, IsEmpty());
  ExpectSameWeights(network->weights, TestCheckpoint(TinySpec()).Weights());
}

TEST_F(LoadTest, EveryVariantIsFoundAndAWrongLabelIsTold) {
  for (const char* name : {"XS", "S", "M", "L"}) {
    TestCheckpoint file(model::FindVariant(name).value());
    const auto network = LoadNetwork(Write("ConvNeXtPose_L.tar", file));
    ASSERT_TRUE(network.ok()) << Message(network);
    EXPECT_EQ(network->id.variant, name);
    if (std::string(name) == "L") {
      EXPECT_THAT(network->warnings, IsEmpty());
    } else {
      EXPECT_THAT(network->warnings,
                  ElementsAre("its name says L, its tensors are those of " + std::string(name)));
    }
  }
}

TEST_F(LoadTest, WhatWasAskedForAndIsNotThere) {
  TestCheckpoint file(TinySpec());
  const auto path = Write("tiny.pth", file);
  const auto network = LoadNetwork(path, {.spec = model::FindVariant("S").value()});
  EXPECT_THAT(Message(network), HasSubstr(path.string() + ": the tensors (dims 4,4,6,8"));
  EXPECT_THAT(Message(network), HasSubstr("are not those of 'S', which was asked for"));
}

TEST_F(LoadTest, MissingLayersAreNamed) {
  TestCheckpoint file(TinySpec());
  file.Erase("backbone.stages.2.0");
  file.Erase("head.deconv_layers_2.norm.bias");
  const auto network = LoadNetwork(Write("tiny.pth", file), kTiny);
  EXPECT_THAT(Message(network), HasSubstr("tiny.pth: backbone.stages.2.0: 1 block missing"));
  EXPECT_THAT(Message(network), HasSubstr("1 more; `convnextpose inspect` lists them"));
}

TEST_F(LoadTest, UnusableNumbersAreRefusedAndZerosTold) {
  TestCheckpoint file(TinySpec());
  std::fill_n(file.Data("head.deconv_layers_1.pwconv.weight"), 40, 0.0F);
  const auto zeros = LoadNetwork(Write("tiny.pth", file), kTiny);
  ASSERT_TRUE(zeros.ok()) << Message(zeros);
  EXPECT_THAT(zeros->warnings,
              ElementsAre(HasSubstr("head.deconv_layers_1.pwconv.weight: nothing but zeros")));

  TestCheckpoint broken(TinySpec());
  broken.Data("head.final_layer.bias")[5] = std::nanf("");
  const auto refused = LoadNetwork(Write("tiny.pth", broken), kTiny);
  EXPECT_THAT(Message(refused), HasSubstr("tiny.pth: head.final_layer.bias: 1 of 96"));
}

TEST_F(LoadTest, NotACheckpointIsTheReadersError) {
  ASSERT_TRUE(WriteFileAtomically(In("x.pth"), std::string_view("hello")).ok());
  EXPECT_THAT(Message(LoadNetwork(In("x.pth"))), HasSubstr("x.pth"));
  EXPECT_THAT(Message(LoadNetwork(In("absent.pth"))), HasSubstr("absent.pth"));
}

TEST(ReadWeightsTest, TensorsThatClaimMoreThanTheirFileHoldsAreRefused) {
  TestCheckpoint file(TinySpec());
  for (auto& tensor : file.tensors) {
    tensor.storage = file.tensors[0].storage;  // One small storage behind them all.
    std::fill(tensor.strides.begin(), tensor.strides.end(), 0);
  }
  Examination exam;
  exam.id.spec = TinySpec();
  exam.keys.tensors = file.tensors;
  const auto weights = ReadWeights(exam);
  ASSERT_FALSE(weights.ok());
  EXPECT_THAT(weights.error().message, HasSubstr("elements are shared"));
}

using ConvertTest = FileTest;

TEST_F(ConvertTest, ToSafetensorsAndBackKeepsEveryByte) {
  TestCheckpoint file(TinySpec());
  const fs::path original = Write("tiny.pth", file, 70);
  const auto there = Convert(original, In("tiny.safetensors"), {.network = kTiny});
  ASSERT_TRUE(there.ok()) << there.error().message;
  const auto back = Convert(In("tiny.safetensors"), In("back.pth"));  // It explains itself.
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back->id.spec, TinySpec());
  EXPECT_EQ(back->filled_counters, 0);

  const auto safetensors = checkpoint::Read(In("tiny.safetensors"));
  ASSERT_TRUE(safetensors.ok()) << safetensors.error().message;
  EXPECT_EQ(safetensors->metadata.at("convnextpose.source"), "tiny.pth");
  EXPECT_EQ(safetensors->metadata.at("convnextpose.epoch"), "70");

  const auto again = checkpoint::Read(In("back.pth"));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->epoch, 70);
  EXPECT_EQ(again->state_dict_key, "network");
  ASSERT_EQ(again->tensors.size(), file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& wanted = file.tensors[i];
    EXPECT_EQ(again->tensors[i].name, wanted.name);
    EXPECT_EQ(again->tensors[i].dtype, wanted.dtype);
    EXPECT_EQ(again->tensors[i].shape, wanted.shape);
    EXPECT_EQ(ToContiguousBytes(again->tensors[i]), ToContiguousBytes(wanted));
  }
}

TEST_F(ConvertTest, AnyKeyStyleBecomesThePublishedOne) {
  TestCheckpoint file(TinySpec());
  file.Rename([](const std::string& name) {
    const std::string bare = name.starts_with("backbone.") ? name.substr(9) : name;
    return "_orig_mod." + InHeadForm(bare, HeadForm::kLegacy);
  });
  std::erase_if(file.tensors, [](const auto& t) { return t.name.ends_with("tracked"); });
  const auto converted = Convert(Write("odd.pth", file), In("modern.pth"), {.network = kTiny});
  ASSERT_TRUE(converted.ok()) << converted.error().message;
  EXPECT_EQ(converted->filled_counters, 5 + 4 + 3 + 1);
  const auto read = checkpoint::Read(In("modern.pth"));
  ASSERT_TRUE(read.ok()) << read.error().message;
  std::vector<std::string> names;
  for (const auto& tensor : read->tensors) names.push_back(tensor.name);
  std::vector<std::string> wanted;
  for (const auto& tensor : model::Tensors(model::Layers(TinySpec()))) {
    wanted.push_back("module." + tensor.name);
  }
  EXPECT_EQ(names, wanted);
}

TEST_F(ConvertTest, TheLegacyHeadIsWrittenOnRequest) {
  TestCheckpoint file(TinySpec());
  const fs::path in = Write("tiny.pth", file);
  ASSERT_TRUE(Convert(in, In("old.pth"), {.network = kTiny, .head = HeadForm::kLegacy}).ok());
  const auto exam = Examine(In("old.pth"), kTiny);
  ASSERT_TRUE(exam.ok());
  EXPECT_THAT(exam->keys.styles, ElementsAre("prefix module.", "legacy head (.0 .1 .2)"));
  EXPECT_EQ(exam->Obstacle(), "");
}

TEST_F(ConvertTest, HalfPrecisionStaysHalf) {
  TestCheckpoint half;
  for (const auto& tensor : model::Tensors(model::Layers(TinySpec()))) {
    // 0x2E66 is about 0.1.
    half.Add(tensor.name, tensor.shape,
             std::vector<std::uint16_t>(static_cast<std::size_t>(tensor.elements()), 0x2E66),
             DType::kF16);
  }
  const auto converted =
      Convert(Write("half.pth", half), In("half.safetensors"), {.network = kTiny});
  ASSERT_TRUE(converted.ok()) << converted.error().message;
  const auto read = checkpoint::Read(In("half.safetensors"));
  ASSERT_TRUE(read.ok()) << read.error().message;
  for (const auto& tensor : read->tensors) EXPECT_EQ(tensor.dtype, DType::kF16);
}

TEST_F(ConvertTest, RoundsConvolutionsToHalfWhereAsked) {
  TestCheckpoint file(TinySpec());
  const fs::path in = Write("tiny.pth", file);
  const auto converted = Convert(in, In("half.safetensors"), {.network = kTiny, .half = true});
  ASSERT_TRUE(converted.ok()) << converted.error().message;
  const auto before = checkpoint::Read(in);
  const auto after = checkpoint::Read(In("half.safetensors"));
  ASSERT_TRUE(before.ok() && after.ok());
  std::map<std::string, const checkpoint::Tensor*> originals;
  for (const auto& tensor : before->tensors) originals[tensor.name] = &tensor;
  int halves = 0;
  for (const auto& tensor : after->tensors) {
    const auto original = originals.find("module." + tensor.name);
    ASSERT_NE(original, originals.end()) << tensor.name;
    if (tensor.shape.size() < 2) {
      EXPECT_EQ(tensor.dtype, original->second->dtype) << tensor.name;
      EXPECT_EQ(ToFloat(tensor), ToFloat(*original->second)) << tensor.name;
      continue;
    }
    ++halves;
    EXPECT_EQ(tensor.dtype, DType::kF16) << tensor.name;
    const std::vector<float> actual = ToFloat(tensor);
    const std::vector<float> expected = ToFloat(*original->second);
    for (std::size_t i = 0; i < actual.size(); ++i) {
      // 11 bits; below 2^-14 steps of 2^-24.
      ASSERT_NEAR(actual[i], expected[i], std::abs(expected[i]) / 2048 + 3e-8) << tensor.name;
    }
  }
  EXPECT_GT(halves, 0);
}

TEST_F(ConvertTest, RefusesWithoutTouchingTheOutput) {
  TestCheckpoint file(TinySpec());
  const fs::path in = Write("tiny.pth", file);
  const auto message = [&](const fs::path& from, const fs::path& to) {
    const auto converted = Convert(from, to, {.network = kTiny});
    return converted.ok() ? "" : converted.error().message;
  };
  EXPECT_THAT(message(in, In("tiny.onnx")), HasSubstr("onnx::Export"));
  EXPECT_THAT(message(in, In("tiny.h5")), HasSubstr("unknown ending '.h5'"));
  EXPECT_THAT(message(in, in), HasSubstr("is the input itself"));
  EXPECT_THAT(message(In("absent.pth"), In("new.pth")), HasSubstr("absent.pth"));
  EXPECT_THAT(message(in, In("no_such_folder/new.pth")), HasSubstr("no_such_folder"));

  TestCheckpoint broken(TinySpec());
  broken.Data("backbone.norm.weight")[0] = INFINITY;
  EXPECT_THAT(message(Write("broken.pth", broken), In("new.pth")), HasSubstr("infinite"));
  EXPECT_FALSE(fs::exists(In("new.pth")));
}

/// Runs Debian's python with torch; the exit status, 77 where torch is not installed.
int RunTorch(const std::string& script, const std::string& arguments) {
  const std::string program =
      "import sys\ntry:\n  import torch\nexcept ImportError:\n  sys.exit(77)\n";
  const std::string command =
      "/usr/bin/python3 -c '" + program + script + "' " + arguments + " 2>&1";
  const int status = std::system(command.c_str());  // NOLINT(concurrency-mt-unsafe)
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ConvertTest, PyTorchLoadsItStrictly) {
  const fs::path golden = fs::path(CNP_TESTDATA).parent_path() / "tools" / "golden";
  if (!fs::exists(golden / "reference_network.py")) GTEST_SKIP() << golden << " absent";
  const model::Spec spec = model::FindVariant("XS").value();
  TestCheckpoint file(spec);
  std::erase_if(file.tensors, [](const auto& t) { return t.name.ends_with("tracked"); });
  ASSERT_TRUE(Convert(Write("in.pth", file, 68), In("xs.safetensors")).ok());
  ASSERT_TRUE(Convert(In("xs.safetensors"), In("xs.pth")).ok());
  const int status = RunTorch(
      "sys.path.insert(0, sys.argv[1])\n"
      "from reference_network import ConvNeXtPose, VARIANTS\n"
      "saved = torch.load(sys.argv[2])\n"
      "assert saved[\"epoch\"] == 68\n"
      "net = torch.nn.DataParallel(ConvNeXtPose(VARIANTS[\"XS\"]))\n"
      "net.load_state_dict(saved[\"network\"], strict=True)\n"
      "value = net.state_dict()[\"module.head.final_layer.weight\"].double().sum().item()\n"
      "assert abs(value - float(sys.argv[3])) < 1e-6, value\n",
      golden.string() + " " + In("xs.pth").string() + " " + [&] {
        double sum = 0;
        const model::Weights weights = TestCheckpoint(spec).Weights();
        for (const float v : weights.Get("head.final_layer.weight").values) sum += v;
        return std::to_string(sum);
      }());
  if (status == 77) GTEST_SKIP() << "python3-torch absent";
  EXPECT_EQ(status, 0);
}

class KeyStyleTest : public ::testing::TestWithParam<const char*> {};

TEST_P(KeyStyleTest, HoldsTheSameNetworkAsTheCanonicalFile) {
  const fs::path folder = fs::path(CNP_TESTDATA) / "key_styles";
  const auto tiny = model::ParseConfig(R"({"depths": [1, 1, 1, 1], "dims": [4, 4, 8, 8],
    "head": [{"channels": 8, "up": true}, {"channels": 8, "up": true}, {"channels": 8, "up": false}],
    "depth_bins": 8, "joints": 18, "input": [64, 64]})");
  ASSERT_TRUE(tiny.ok());
  const auto canonical = LoadNetwork(folder / "canonical.pth", {.spec = *tiny});
  ASSERT_TRUE(canonical.ok()) << Message(canonical);
  const auto network = LoadNetwork(folder / (std::string(GetParam()) + ".pth"), {.spec = *tiny});
  ASSERT_TRUE(network.ok()) << Message(network);
  EXPECT_THAT(network->warnings, IsEmpty());
  ExpectSameWeights(network->weights, canonical->weights);
}

INSTANTIATE_TEST_SUITE_P(All, KeyStyleTest,
                         ::testing::Values("compiled", "compiled_data_parallel", "data_parallel",
                                           "encoder", "legacy_head", "list_head", "no_backbone",
                                           "sparse"),
                         [](const auto& test) { return std::string(test.param); });

/// The trained network beside the repository, where there is one.
class RealTest : public FileTest {
 protected:
  void SetUp() override {
    if (!fs::exists(kFile)) GTEST_SKIP() << kFile << " absent";
  }
  const fs::path kFile = fs::path(CNP_SHARED) / "weights" / "convnextpose_xs_refit.pth.tar";
};

TEST_F(RealTest, IsAnXsWhateverItIsCalled) {
  const auto network = LoadNetwork(kFile);
  ASSERT_TRUE(network.ok()) << Message(network);
  EXPECT_EQ(network->id.variant, "XS");
  EXPECT_EQ(network->epoch, 68);
  EXPECT_TRUE(network->id.agrees());
  EXPECT_THAT(network->warnings, IsEmpty());

  fs::create_symlink(kFile, In("ConvNeXtPose_L.tar"));
  const auto mislabelled = LoadNetwork(In("ConvNeXtPose_L.tar"));
  ASSERT_TRUE(mislabelled.ok()) << Message(mislabelled);
  EXPECT_FALSE(mislabelled->id.agrees());
  EXPECT_THAT(mislabelled->warnings, ElementsAre("its name says L, its tensors are those of XS"));
  EXPECT_THAT(Message(LoadNetwork(kFile, {.spec = model::FindVariant("L").value()})),
              HasSubstr("use --variant XS or leave it out"));
}

}  // namespace
}  // namespace cnp::convert
