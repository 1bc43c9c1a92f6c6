// From a checkpoint to an .onnx file, and what is refused.
#include "convnextpose/onnx/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <map>

#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/convert/examine.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/convert/test_checkpoint.h"
#include "convnextpose/model/config.h"
#include "convnextpose/onnx/test_folder.h"

namespace cnp::onnx {
namespace {

using ::testing::HasSubstr;

const model::Spec kSpec = {.name = "mine",
                           .depths = {1, 1, 1, 1},
                           .dims = {4, 4, 8, 8},
                           .head = {{6, 3, true}},
                           .depth_bins = 2,
                           .joints = 17,
                           .input_height = 32,
                           .input_width = 32};

class ExportTest : public ::testing::Test {
 protected:
  ExportTest() : checkpoint_(kSpec) {
    EXPECT_TRUE(checkpoint::WriteTorchZip(in_, checkpoint_.tensors, {.epoch = 83}).ok());
  }
  [[nodiscard]] ::onnx::ModelProto Exported() const {
    ::onnx::ModelProto model;
    EXPECT_TRUE(model.ParseFromString(folder_.Read("out.onnx")));
    return model;
  }

  const TestFolder folder_;
  const std::string in_ = folder_.Path("in.pth");
  const std::string out_ = folder_.Path("out.onnx");
  const ExportOptions options_ = {.network = {.spec = kSpec}};
  convert::TestCheckpoint checkpoint_;
};

TEST_F(ExportTest, TheFileExplainsItself) {
  const auto converted = Export(in_, out_, options_);
  ASSERT_TRUE(converted.ok()) << converted.error().message;
  EXPECT_EQ(converted->id.spec, kSpec);
  const ::onnx::ModelProto model = Exported();
  std::map<std::string, std::string> metadata;
  for (const auto& entry : model.metadata_props()) metadata[entry.key()] = entry.value();
  EXPECT_EQ(model::ParseConfig(metadata[convert::kConfigKey]).value(), kSpec);
  EXPECT_EQ(metadata[convert::kEpochKey], "83");
  EXPECT_EQ(metadata[convert::kSourceKey], "in.pth");
  EXPECT_EQ(model.producer_name(), "convnextpose");
  EXPECT_GE(model.opset_import(0).version(), 17);
  // What goes in, with the numbers that every runtime's user needs.
  EXPECT_THAT(model.graph().input(0).doc_string(), HasSubstr("mean (0.485, 0.456, 0.406)"));
  EXPECT_THAT(model.graph().output(0).doc_string(), HasSubstr("heatmap cells"));
}

TEST_F(ExportTest, BatchNormsAreFolded) {
  ASSERT_TRUE(Export(in_, out_, options_).ok());
  const ::onnx::ModelProto model = Exported();
  int convolutions = 0;
  for (const auto& node : model.graph().node()) {
    EXPECT_NE(node.op_type(), "BatchNormalization");
    convolutions += node.op_type() == "Conv" ? 1 : 0;
  }
  EXPECT_EQ(convolutions, 4 + 4 * 3 + 2 + 1);  // Downsampling, blocks, head, final_layer.
}

TEST_F(ExportTest, NeverOverItsInput) {
  const std::string named_onnx = folder_.Path("a.onnx");
  ASSERT_TRUE(checkpoint::WriteTorchZip(named_onnx, checkpoint_.tensors, {}).ok());
  const std::string before = folder_.Read("a.onnx");
  const auto converted = Export(named_onnx, named_onnx, options_);
  ASSERT_FALSE(converted.ok());
  EXPECT_THAT(converted.error().message, HasSubstr("is the input itself"));
  EXPECT_EQ(folder_.Read("a.onnx"), before);
}

TEST_F(ExportTest, IsNotReadBackAndSaysSo) {
  ASSERT_TRUE(Export(in_, out_, options_).ok());
  const auto network = convert::LoadNetwork(out_);
  ASSERT_FALSE(network.ok());
  EXPECT_THAT(network.error().message, HasSubstr("out.onnx: is an ONNX model, which is not read"));
}

TEST_F(ExportTest, ErrorsNameTheFileAndLeaveNothingBehind) {
  const auto missing = Export(folder_.Path("no.pth"), out_, options_);
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message, HasSubstr("no.pth"));
  EXPECT_FALSE(std::filesystem::exists(out_));
  const auto unwritable = Export(in_, folder_.Path("no/out.onnx"), options_);
  ASSERT_FALSE(unwritable.ok());
  EXPECT_THAT(unwritable.error().message, HasSubstr("choose a folder that exists"));
}

}  // namespace
}  // namespace cnp::onnx
