// Any bytes as the annotations of every dataset; between zero bytes, as the three files of one
// subject of Human3.6M.
#include <array>
#include <string>

#include "convnextpose/datasets/boxes.h"
#include "convnextpose/datasets/coco.h"
#include "convnextpose/datasets/coco_json.h"
#include "convnextpose/datasets/human36m.h"
#include "convnextpose/datasets/mpii.h"
#include "convnextpose/datasets/muco.h"
#include "convnextpose/datasets/mupots.h"

namespace {

using cnp::Result;
using cnp::datasets::Dataset;
using cnp::datasets::Sample;
using Bytes = std::span<const std::byte>;

// What everyone who takes samples relies on.
void Check(const Result<Dataset>& dataset) {
  if (!dataset.ok()) {
    CNP_CHECK(!dataset.error().message.empty(), "an error without words");
    return;
  }
  const std::size_t joints = dataset->joints->joints.size();
  for (const Sample& sample : dataset->samples) {
    CNP_CHECK(sample.image_px.size() == joints && sample.visible.size() == joints, "joints");
    CNP_CHECK(sample.camera_mm.empty() || sample.camera_mm.size() == joints, "joints in space");
    for (const auto& point : sample.image_px) CNP_CHECK(cnp::pose::IsFinite(point), "pixels");
    for (const auto& point : sample.camera_mm) CNP_CHECK(cnp::pose::IsFinite(point), "mm");
    CNP_CHECK(cnp::pose::NetworkBox(sample.box, sample.width, sample.height).ok(), "box");
    CNP_CHECK(sample.camera_mm.empty() || sample.root_depth_mm > 0, "root");
    CNP_CHECK(!sample.file.empty() && sample.file.front() != '/', "file");
    CNP_CHECK(dataset->actions.empty() ||
                  static_cast<std::size_t>(sample.origin.action) < dataset->actions.size(),
              "action");
  }
  CNP_CHECK(dataset->left_out.named.size() <= dataset->left_out.count, "more named than there are");
}

// Up to the first zero byte, which is taken from `bytes` as well.
Bytes NextPart(Bytes& bytes) {
  std::size_t end = 0;
  while (end < bytes.size() && bytes[end] != std::byte{0}) ++end;
  const Bytes part = bytes.first(end);
  bytes = bytes.subspan(end < bytes.size() ? end + 1 : end);
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace ds = cnp::datasets;
  const Bytes all = std::as_bytes(std::span(data, size));
  for (const auto parse :
       {ds::ParseMpii, ds::ParseCocoPeople, ds::ParseMuco, ds::ParseMupots, ds::ParseCocoJson}) {
    Check(parse(all, "fuzz", {}));
    auto dataset = parse(all, "fuzz", {.needs_box = false});
    const auto boxes = ds::ParseBoxes(all, "fuzz");
    if (dataset.ok() && boxes.ok()) ds::ApplyBoxes(*boxes, *dataset);
  }
  Bytes rest = all;
  const Bytes first = NextPart(rest);
  const Bytes second = NextPart(rest);
  Check(ds::ParseHuman36m({first, second, NextPart(rest), "data", "camera", "joint_3d"}, 9,
                          {.subsample = 1}));
  return 0;
}
