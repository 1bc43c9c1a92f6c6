#include "apps/cli/compare_pictures.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "apps/cli/compare_report.h"
#include "apps/cli/svg_plot.h"
#include "convnextpose/datasets/open.h"
#include "convnextpose/eval/sketch.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/viz/contact_sheet.h"
#include "convnextpose/viz/versus.h"

namespace cnp::cli {
namespace {

using eval::ComparedPerson;
using eval::Comparison;
using eval::Evaluation;
using eval::Record;
using PersonId = std::pair<std::int64_t, std::int64_t>;  // Image, annotation.

constexpr int kHeight = 340;  // Of a drawing, in pixels.
constexpr int kQuality = 80;  // Of its JPEG: some 30 KB.
constexpr int kSheetHeight = 260;

PersonId IdOf(const ComparedPerson& person) { return {person.image_id, person.annotation_id}; }

// The labelled people of whom something is to be drawn, and where their pictures are.
struct Labels {
  struct Entry {
    datasets::Sample sample;
    std::filesystem::path picture;
  };
  std::map<PersonId, Entry> people;
  std::vector<std::string> notes;
};

// What an evaluation read.
datasets::ReadOptions OptionsOf(const Evaluation& evaluation) {
  datasets::ReadOptions options;
  options.split = evaluation.split == "train" ? datasets::Split::kTrain : datasets::Split::kTest;
  if (evaluation.protocol != 0) options.protocol = evaluation.protocol;
  options.subjects = evaluation.settings.subjects;
  options.subsample = evaluation.settings.subsample.value_or(0);
  options.needs_box = false;
  return options;
}

// Adds those of `wanted` that the dataset has.
void AddFrom(const Evaluation& evaluation, const std::string& dir, const std::set<PersonId>& wanted,
             Labels& labels) {
  Result<datasets::Dataset> dataset =
      datasets::OpenDataset(evaluation.dataset, dir, OptionsOf(evaluation));
  if (!dataset.ok()) {
    labels.notes.push_back(dataset.error().message);
    return;
  }
  if (dataset->joints != evaluation.joints) {
    labels.notes.push_back(dir + ": its joints are others than those of the result");
    return;
  }
  for (datasets::Sample& sample : dataset->samples) {
    const PersonId id = {sample.image_id, sample.annotation_id};
    if (!wanted.contains(id)) continue;
    std::filesystem::path picture = dataset->images / sample.file;
    labels.people.try_emplace(id, Labels::Entry{std::move(sample), std::move(picture)});
  }
}

// Each place that a result names is looked into until all are found.
Labels FindLabels(const Comparison& comparison, std::set<PersonId> wanted,
                  const std::string& data) {
  Labels labels;
  std::set<std::string> seen;
  for (const eval::ComparedModel& model : comparison.models) {
    const Evaluation& evaluation = *model.evaluation;
    const std::string& dir = data.empty() ? evaluation.data : data;
    if (dir.empty()) continue;
    std::string place = fmt::format("{} {} {}", dir, evaluation.protocol,
                                    evaluation.settings.subsample.value_or(0));
    for (const int subject : evaluation.settings.subjects) place += fmt::format(" {}", subject);
    if (wanted.empty() || !seen.insert(place).second) continue;
    AddFrom(evaluation, dir, wanted, labels);
    for (const auto& [id, entry] : labels.people) wanted.erase(id);
  }
  if (seen.empty()) {
    labels.notes.emplace_back("the results do not say where their pictures were: give --data DIR");
  } else if (!wanted.empty() && labels.notes.empty()) {
    labels.notes.push_back(
        fmt::format("{} of these people are not in {}", wanted.size(),
                    data.empty() ? comparison.models.front().evaluation->data : data));
  }
  return labels;
}

// "#0072b2".
std::array<std::uint8_t, 3> ColorOf(std::string_view hex) {
  const auto part = [&](std::size_t at) {
    return static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
  };
  return {part(1), part(3), part(5)};
}

// What is not labelled has no place.
std::vector<pose::Vec2> LabelledPixels(const datasets::Sample& sample) {
  std::vector<pose::Vec2> image_px = sample.image_px;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t j = 0; j < image_px.size(); ++j) {
    if (sample.visible[j] == 0) image_px[j] = {nan, nan};
  }
  return image_px;
}

std::vector<pose::Vec3> LabelledInSpace(const datasets::Sample& sample, const pose::JointSet& set) {
  using pose::operator-;
  std::vector<pose::Vec3> relative_mm;
  for (const pose::Vec3& mm : sample.camera_mm) {
    relative_mm.push_back(mm - sample.camera_mm[static_cast<std::size_t>(set.root)]);
  }
  return relative_mm;
}

image::Image Draw(std::size_t model, const Record& record, const Labels::Entry& labels,
                  const image::Image* picture, const pose::JointSet& set, int height) {
  const datasets::Sample& sample = labels.sample;
  const auto predicted_px = eval::SketchPixels(record);
  const auto truth_px = LabelledPixels(sample);
  const auto predicted_mm = eval::SketchInSpace(record, sample, set);
  const auto truth_mm = LabelledInSpace(sample, set);
  const viz::Versus versus = {.picture = picture,
                              .box = record.network_box,
                              .predicted_px = predicted_px,
                              .truth_px = truth_px,
                              .predicted_mm = predicted_mm,
                              .truth_mm = truth_mm,
                              .color = ColorOf(SeriesColour(model))};
  return viz::DrawVersus(set, versus, height);
}

// Null where it has no pose of this person.
const Record* FindRecord(const Evaluation& evaluation, const PersonId& id) {
  const auto found = std::ranges::find_if(evaluation.records, [&](const Record& record) {
    return PersonId(record.image_id, record.annotation_id) == id;
  });
  return found == evaluation.records.end() || found->sketch.empty() ? nullptr : &*found;
}

PersonPictures DrawPerson(const Comparison& comparison, const PersonId& id,
                          const Labels::Entry& labels) {
  PersonPictures drawn;
  const Result<image::Image> picture = image::Load(labels.picture);
  if (!picture.ok()) drawn.about = picture.error().message;
  for (std::size_t m = 0; m < comparison.models.size(); ++m) {
    const Evaluation& evaluation = *comparison.models[m].evaluation;
    const Record* record = FindRecord(evaluation, id);
    if (record == nullptr) continue;
    const image::Image pose =
        Draw(m, *record, labels, picture.ok() ? &*picture : nullptr, *evaluation.joints, kHeight);
    drawn.poses.push_back({m, image::EncodeJpeg(pose, kQuality)});
  }
  if (drawn.poses.empty()) drawn.about = "no result holds a pose: evaluate again";
  return drawn;
}

// Those of `people` who have labels and a pose, as the first model sees them.
viz::SheetColumn Column(const std::string& title, const Comparison& comparison,
                        std::span<const ComparedPerson> people, const Labels& labels) {
  viz::SheetColumn column = {.title = title, .cells = {}};
  const Evaluation& evaluation = *comparison.models[0].evaluation;
  for (const ComparedPerson& person : people) {
    const auto found = labels.people.find(IdOf(person));
    const Record* record = FindRecord(evaluation, IdOf(person));
    if (found == labels.people.end() || record == nullptr) continue;
    const Result<image::Image> picture = image::Load(found->second.picture);
    const auto name = std::filesystem::path(person.file).filename().string();
    column.cells.push_back({Draw(0, *record, found->second, picture.ok() ? &*picture : nullptr,
                                 *evaluation.joints, kSheetHeight),
                            Formatted(comparison.metric, person.values[0]) + "   " + name});
  }
  return column;
}

}  // namespace

Result<std::vector<std::byte>> DrawExamples(const Comparison& comparison, std::size_t rows,
                                            const std::string& data) {
  const auto first = [rows](const std::vector<ComparedPerson>& people) {
    return std::span(people).first(std::min(rows, people.size()));
  };
  const std::array groups = {std::pair("best", first(comparison.best)),
                             std::pair("median", first(comparison.median)),
                             std::pair("worst", first(comparison.worst))};
  std::set<PersonId> wanted;
  for (const auto& [title, people] : groups) {
    for (const ComparedPerson& person : people) wanted.insert(IdOf(person));
  }
  const Labels labels = FindLabels(comparison, std::move(wanted), data);
  std::vector<viz::SheetColumn> columns;
  bool any = false;
  for (const auto& [title, people] : groups) {
    columns.push_back(Column(fmt::format("{}: {}", title, TitleOf(comparison.metric)), comparison,
                             people, labels));
    any = any || !columns.back().cells.empty();
  }
  if (!any) {
    return Error{"nobody can be drawn: " + (labels.notes.empty()
                                                ? "the result holds no poses; evaluate again"
                                                : labels.notes[0])};
  }
  return image::EncodeJpeg(viz::DrawContactSheet(columns), kQuality);
}

WorstPictures DrawWorst(const Comparison& comparison, const PictureOptions& options) {
  const std::size_t count = std::min(options.count, comparison.worst.size());
  if (count == 0) return {};
  std::set<PersonId> wanted;
  for (std::size_t i = 0; i < count; ++i) wanted.insert(IdOf(comparison.worst[i]));
  const Labels labels = FindLabels(comparison, std::move(wanted), options.data);
  WorstPictures pictures{.people = {}, .notes = labels.notes};
  if (labels.people.empty()) return pictures;
  for (std::size_t i = 0; i < count; ++i) {
    const auto found = labels.people.find(IdOf(comparison.worst[i]));
    pictures.people.push_back(found == labels.people.end()
                                  ? PersonPictures{.about = "not in the dataset", .poses = {}}
                                  : DrawPerson(comparison, found->first, found->second));
  }
  return pictures;
}

}  // namespace cnp::cli
