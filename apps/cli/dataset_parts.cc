#include "apps/cli/dataset_parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

namespace cnp::cli {
namespace {

using datasets::Folders;
using datasets::Split;

// A file that one split of a dataset is read from.
struct SplitFile {
  const char* dataset;
  const char* name;
  Split split;
  const char* file;
};
constexpr std::array<SplitFile, 6> kSplits = {{
    {"mpii", "train", Split::kTrain, "train.json"},
    {"mpii", "val", Split::kTest, "val.json"},
    {"coco", "train2017", Split::kTrain, "person_keypoints_train2017.json"},
    {"coco", "val2017", Split::kTest, "person_keypoints_val2017.json"},
    {"muco", "train", Split::kTrain, "MuCo-3DHP.json"},
    {"mupots", "test", Split::kTest, "MuPoTS-3D.json"},
}};
constexpr std::array<int, 7> kSubjects = {1, 5, 6, 7, 8, 9, 11};

bool Has(Folders& folders, const std::string& file) { return folders.FolderOf(file).has_value(); }

void AddSubjects(Folders& folders, std::vector<DatasetPart>& parts) {
  for (const int subject : kSubjects) {
    DatasetPart part{.dataset = "human36m",
                     .name = fmt::format("subject {}", subject),
                     .options = {.subjects = {subject}, .subsample = 1}};
    for (const char* what : {"data", "camera", "joint_3d"}) {
      const std::string file = fmt::format("Human36M_subject{}_{}.json", subject, what);
      if (!Has(folders, file)) part.missing.push_back(file);
    }
    if (part.missing.size() < 3) parts.push_back(std::move(part));
  }
}

// MPII's files have everybody's names: only those with its joints are its.
bool IsMpii(const DatasetPart& part, const std::filesystem::path& root) {
  datasets::ReadOptions options = part.options;
  options.limit = 1;
  const auto dataset = datasets::OpenDataset("mpii", root, options);
  return dataset.ok() && !dataset->samples.empty();
}

void AddOwn(Folders& folders, std::vector<DatasetPart>& parts) {
  for (const Split split : {Split::kTrain, Split::kTest}) {
    const char* name = split == Split::kTrain ? "train" : "test";
    const bool named = split == Split::kTrain
                           ? Has(folders, "train.json")
                           : Has(folders, "test.json") || Has(folders, "val.json");
    if (named) parts.push_back({.dataset = "coco-json", .name = name, .options = {.split = split}});
  }
  if (parts.empty() && folders.Matching("", ".json").size() == 1) {
    parts.push_back({.dataset = "coco-json", .name = "all"});
  }
}

}  // namespace

std::vector<DatasetPart> FindParts(Folders& folders, const std::string& dataset) {
  const auto wanted = [&](const char* name) { return dataset.empty() || dataset == name; };
  std::vector<DatasetPart> parts;
  if (wanted("human36m")) AddSubjects(folders, parts);
  for (const SplitFile& split : kSplits) {
    if (!wanted(split.dataset) || !Has(folders, split.file)) continue;
    DatasetPart part{
        .dataset = split.dataset, .name = split.name, .options = {.split = split.split}};
    const bool unsure = dataset.empty() && part.dataset == "mpii";
    if (!unsure || IsMpii(part, folders.root())) parts.push_back(std::move(part));
  }
  if (dataset == "coco-json" || (dataset.empty() && parts.empty())) AddOwn(folders, parts);
  return parts;
}

Result<std::string> DatasetIn(const std::filesystem::path& dir, const std::string& dataset) {
  if (!dataset.empty()) return dataset;
  std::error_code error;
  if (std::filesystem::is_regular_file(dir, error)) return std::string("coco-json");
  CNP_ASSIGN(Folders folders, Folders::Open(dir));
  std::set<std::string> found;
  for (const DatasetPart& part : FindParts(folders, "")) found.insert(part.dataset);
  if (found.size() == 1) return *found.begin();
  if (found.empty()) {
    return Error{fmt::format("{}: no known dataset; looked in {}; expected are\n{}", dir.string(),
                             folders.LookedIn(), ExpectedFiles())};
  }
  std::string names;
  for (const std::string& name : found) names += (names.empty() ? "" : ", ") + name;
  return Error{fmt::format("{}: holds several datasets ({}); choose one with --dataset",
                           dir.string(), names)};
}

std::vector<std::string> DatasetNames() {
  std::vector<std::string> names;
  for (const datasets::DatasetKind& kind : datasets::DatasetKinds()) names.emplace_back(kind.name);
  return names;
}

std::string ExpectedFiles() {
  return "  human36m   annotations/Human36M_subjectN_{data,camera,joint_3d}.json, images/\n"
         "  mpii       annotations/train.json or val.json, images/\n"
         "  coco       annotations/person_keypoints_{train,val}2017.json, images/\n"
         "  muco       MuCo-3DHP.json, augmented_set/, unaugmented_set/\n"
         "  mupots     MuPoTS-3D.json, MultiPersonTestSet/\n"
         "  coco-json  one's own annotations/{train,test}.json in COCO's layout, images/";
}

}  // namespace cnp::cli
