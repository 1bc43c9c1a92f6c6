#include "convnextpose/datasets/open.h"

#include <array>
#include <string>

#include "convnextpose/datasets/coco.h"
#include "convnextpose/datasets/coco_json.h"
#include "convnextpose/datasets/human36m.h"
#include "convnextpose/datasets/mpii.h"
#include "convnextpose/datasets/muco.h"
#include "convnextpose/datasets/mupots.h"

namespace cnp::datasets {
namespace {

constexpr std::array<DatasetKind, 6> kKinds = {{
    {"human36m", "Human3.6M", ReadHuman36m},
    {"mpii", "MPII Human Pose", ReadMpii},
    {"coco", "MS COCO 2017, people", ReadCoco},
    {"muco", "MuCo-3DHP", ReadMuco},
    {"mupots", "MuPoTS-3D", ReadMupots},
    {"coco-json", "one's own, in COCO's layout", ReadCocoJson},
}};

}  // namespace

std::span<const DatasetKind> DatasetKinds() { return kKinds; }

Result<Dataset> OpenDataset(std::string_view name, const std::filesystem::path& dir,
                            const ReadOptions& options) {
  std::string known;
  for (const DatasetKind& kind : kKinds) {
    if (kind.name == name) return kind.read(dir, options);
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return Error{"unknown dataset \"" + std::string(name) + "\"; known are " + known};
}

}  // namespace cnp::datasets
