#include "convnextpose/datasets/open.h"

#include <array>
#include <string>

#include "convnextpose/datasets/human36m.h"

namespace cnp::datasets {
namespace {

constexpr std::array<DatasetKind, 1> kKinds = {{
    {"human36m", "Human3.6M", ReadHuman36m},
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
