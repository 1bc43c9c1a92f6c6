#include "apps/cli/dataset_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "apps/cli/progress.h"
#include "convnextpose/datasets/human36m.h"
#include "convnextpose/image/decode.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;
using datasets::Dataset;
using datasets::Sample;

constexpr std::size_t kLookedInto = 20;  // Pictures of a part, without --all-pictures.

// Frames of Human3.6M that evaluation (every 64th) or training (every 5th) reads.
bool IsRead(const DatasetPart& part, const Sample& sample, int subsample) {
  if (part.dataset != "human36m") return true;
  if (subsample > 0) return sample.origin.frame % subsample == 0;
  return sample.origin.frame % 64 == 0 || sample.origin.frame % 5 == 0;
}

// One sample for each picture.
std::vector<const Sample*> Pictures(const DatasetPart& part, const Dataset& dataset,
                                    int subsample) {
  std::vector<const Sample*> pictures;
  std::set<std::string_view> seen;
  for (const Sample& sample : dataset.samples) {
    if (!IsRead(part, sample, subsample)) continue;
    if (seen.insert(sample.file).second) pictures.push_back(&sample);
  }
  return pictures;
}

void LookInto(const fs::path& path, const Sample& sample, PictureReport& report) {
  ++report.decoded;
  const auto picture = image::Load(path);
  if (!picture.ok()) {
    report.broken.Add({path.string(), picture.error().message});
  } else if (picture->width != sample.width || picture->height != sample.height) {
    report.broken.Add(
        {path.string(), fmt::format("is {} x {} pixels, the annotations say {} x {}",
                                    picture->width, picture->height, sample.width, sample.height)});
  }
}

PictureReport CheckPictures(const std::vector<const Sample*>& pictures, const fs::path& folder,
                            bool all) {
  PictureReport report{.wanted = pictures.size()};
  const std::size_t step = all ? 1 : std::max<std::size_t>(1, pictures.size() / kLookedInto);
  Progress progress("looking at pictures", pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const fs::path path = folder / pictures[i]->file;
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
      report.missing.Add({path.string(), "is not there"});
    } else if (i % step == 0) {
      LookInto(path, *pictures[i], report);
    }
    progress.Advance();
  }
  return report;
}

PartReport CheckPart(DatasetPart part, const fs::path& root, const CheckOptions& options) {
  PartReport report{.part = std::move(part)};
  if (!report.part.missing.empty()) return report;
  auto dataset = datasets::OpenDataset(report.part.dataset, root, report.part.options);
  if (!dataset.ok()) {
    report.error = dataset.error().message;
    return report;
  }
  report.people = dataset->samples.size();
  report.by_rule = dataset->by_rule;
  report.left_out = std::move(dataset->left_out);
  report.images = dataset->images;
  report.pictures = CheckPictures(Pictures(report.part, *dataset, options.subsample),
                                  dataset->images, options.all_pictures);
  return report;
}

std::vector<std::string> FindArchives(datasets::Folders& folders) {
  std::vector<std::string> archives;
  for (const char* end : {".zip", ".tar", ".tar.gz", ".tgz", ".tar.part00", ".part_aa"}) {
    for (const fs::path& path : folders.Matching("", end)) archives.push_back(path.string());
  }
  return archives;
}

std::string List(const std::vector<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += fmt::format("{}{}", text.empty() ? "" : ", ", number);
  return text;
}

}  // namespace

bool PartReport::fine() const {
  return error.empty() && part.missing.empty() && people > 0 && pictures.missing.count == 0 &&
         pictures.broken.count == 0;
}

std::vector<std::string> PartReport::Cures() const {
  std::vector<std::string> cures;
  for (const std::string& file : part.missing) {
    cures.push_back(file + " is nowhere: put it beside the others, into annotations/");
  }
  if (!error.empty()) cures.push_back(error);
  if (error.empty() && part.missing.empty() && people == 0) {
    cures.emplace_back("nobody in it can be used: is it the right file?");
  }
  if (pictures.missing.count == pictures.wanted && pictures.wanted > 0) {
    cures.push_back(fmt::format("no picture is there: unpack them so that {} exists",
                                pictures.missing.named.front().where));
  } else if (pictures.missing.count > 0) {
    cures.emplace_back("some pictures are missing: unpack the archives again, all of them");
  }
  if (pictures.broken.count > 0) {
    cures.emplace_back("some pictures are damaged or others than labelled: unpack them again");
  }
  return cures;
}

std::vector<std::string> PartReport::Warnings() const {
  if (left_out.count == 0) return {};
  return {
      fmt::format("{} broken annotation{}: everything else works without, results count what is "
                  "left out; to have them, get the annotations again",
                  left_out.count, left_out.count == 1 ? "" : "s")};
}

bool CheckReport::fine() const {
  return !parts.empty() && std::ranges::all_of(parts, &PartReport::fine);
}

std::vector<std::string> CheckReport::Protocols() const {
  std::set<int> here;
  for (const PartReport& part : parts) {
    if (part.part.dataset == "human36m" && part.part.missing.empty() && part.error.empty()) {
      here.insert(part.part.options.subjects.front());
    }
  }
  std::vector<std::string> lines;
  if (here.empty()) return lines;
  for (const int protocol : {1, 2}) {
    std::string line = fmt::format("protocol {}:", protocol);
    for (const auto split : {datasets::Split::kTest, datasets::Split::kTrain}) {
      std::vector<int> lacking;
      const std::vector<int> subjects =
          datasets::Human36mSubjects({.split = split, .protocol = protocol}).value();
      for (const int s : subjects) {
        if (!here.contains(s)) lacking.push_back(s);
      }
      line += split == datasets::Split::kTest ? " evaluation " : ", training ";
      line += lacking.empty() ? "complete" : "lacks subject " + List(lacking);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

Result<CheckReport> Check(const CheckOptions& options) {
  CNP_ASSIGN(datasets::Folders folders, datasets::Folders::Open(options.dir));
  CheckReport report{.dir = folders.root().string()};
  for (DatasetPart& part : FindParts(folders, options.dataset)) {
    report.parts.push_back(CheckPart(std::move(part), folders.root(), options));
  }
  if (!report.fine()) report.archives = FindArchives(folders);
  report.looked_in = folders.LookedIn();
  return report;
}

}  // namespace cnp::cli
