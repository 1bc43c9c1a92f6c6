#include "convnextpose/datasets/people.h"

#include <algorithm>
#include <tuple>

namespace cnp::datasets {
namespace {

// The common case without the words of NetworkBox: a box of more than a pixel, inside the picture.
bool IsPlainlyFine(const pose::Box& box, const ImageEntry& image) {
  return box.x >= 0 && box.y >= 0 && box.w > 1 && box.h > 1 && box.x + box.w <= image.width &&
         box.y + box.h <= image.height;
}

Sample Begin(const ImageEntry& image, const AnnotationEntry& annotation) {
  Sample sample{.image_id = image.id,
                .annotation_id = annotation.id,
                .width = image.width,
                .height = image.height,
                .origin = image.origin,
                .box = annotation.box,
                .camera = pose::DefaultCamera(image.width, image.height)};
  if (image.camera) sample.camera = *image.camera;
  return sample;
}

Fate ExamineBox(const ImageEntry& image, const pose::Box& box) {
  if (IsPlainlyFine(box, image)) return Fate::Take();
  const auto network_box = pose::NetworkBox(box, image.width, image.height);
  return network_box.ok() ? Fate::Take() : Fate::LeaveOut(network_box.error().message);
}

// The images of a file by id, usable or not.
class Images {
 public:
  explicit Images(const CocoFile& file)
      : file_(file), usable_(file.images), broken_(file.broken_images) {}

  [[nodiscard]] const ImageEntry* Find(std::int64_t id) const {
    const std::size_t at = usable_.Find(id);
    return at == IdIndex::kNone ? nullptr : &file_.images[at];
  }
  [[nodiscard]] std::string WhyNot(std::int64_t id) const {
    const std::string image = "its image " + std::to_string(id);
    const std::size_t at = broken_.Find(id);
    if (at == IdIndex::kNone) return image + " is not in the list of images";
    return image + " cannot be used: " + file_.broken_images[at].why;
  }
  void ReportDoubled(Problems& problems) const {
    for (const std::int64_t id : usable_.doubled()) {
      problems.Add({Place(file_.name, "image", id), "another image has the same id"});
    }
  }

 private:
  const CocoFile& file_;
  IdIndex usable_;
  IdIndex broken_;
};

void ReportBroken(const CocoFile& file, const Images& images, const Concerns& concerns,
                  Problems& problems) {
  images.ReportDoubled(problems);
  problems.Append(file.nameless);
  // Broken images are told by the annotations that point to them.
  for (const BrokenEntry& entry : file.broken_annotations) {
    const ImageEntry* image = images.Find(entry.image_id);
    if (image != nullptr && !concerns(*image)) continue;
    problems.Add({Place(file.name, "annotation", entry.id), entry.why});
  }
}

template <typename Point>
bool ReadColumns(const Rows& rows, std::size_t joints, std::vector<Point>& points) {
  const std::size_t size = std::tuple_size_v<Point>;
  const std::size_t columns = rows.columns == 0 ? size : static_cast<std::size_t>(rows.columns);
  if (columns < size || rows.numbers.size() != joints * columns) return false;
  points.resize(joints);
  for (std::size_t j = 0; j < joints; ++j) {
    for (std::size_t axis = 0; axis < size; ++axis) {
      points[j][axis] = rows.numbers[j * columns + axis];
    }
  }
  return true;
}

}  // namespace

void IdIndex::Sort() {
  std::ranges::sort(positions_);
  for (std::size_t i = 1; i < positions_.size(); ++i) {
    if (positions_[i].first == positions_[i - 1].first) doubled_.push_back(positions_[i].first);
  }
}

std::size_t IdIndex::Find(std::int64_t id) const {
  const auto found = std::ranges::lower_bound(positions_, std::pair(id, std::size_t{0}));
  return found != positions_.end() && found->first == id ? found->second : kNone;
}

std::string Place(const std::string& file, const char* what, std::int64_t id) {
  return file + ", " + what + " " + std::to_string(id);
}

std::vector<std::string> SomeFiles(const std::vector<Sample>& samples) {
  if (samples.empty()) return {};
  return {samples.front().file, samples[samples.size() / 2].file, samples.back().file};
}

void AddPeople(const CocoFile& file, const ReadOptions& options, const Concerns& concerns,
               const Finish& finish, Dataset& dataset) {
  const Images images(file);
  ReportBroken(file, images, concerns, dataset.left_out);
  for (const AnnotationEntry& annotation : file.annotations) {
    if (options.limit != 0 && dataset.samples.size() >= options.limit) return;
    const ImageEntry* image = images.Find(annotation.image_id);
    const auto leave_out = [&](std::string why) {
      dataset.left_out.Add({Place(file.name, "annotation", annotation.id), std::move(why)});
    };
    if (image == nullptr) {
      leave_out(images.WhyNot(annotation.image_id));
      continue;
    }
    if (!concerns(*image)) continue;
    Sample sample = Begin(*image, annotation);
    Fate fate = finish(*image, annotation, sample);
    if (fate.kind == Fate::kTake && options.needs_box) fate = ExamineBox(*image, sample.box);
    if (fate.kind == Fate::kLeftOut) leave_out(std::move(fate.why));
    if (fate.kind == Fate::kByRule) ++dataset.by_rule;
    if (fate.kind != Fate::kTake) continue;
    sample.file = image->file;
    dataset.samples.push_back(std::move(sample));
  }
}

bool ReadKeypoints(const Rows& keypoints, std::size_t joints, Sample& sample) {
  if (keypoints.columns != 0 && keypoints.columns != 3) return false;
  if (keypoints.numbers.size() != joints * 3) return false;
  sample.image_px.resize(joints);
  sample.visible.resize(joints);
  for (std::size_t j = 0; j < joints; ++j) {
    const double* point = &keypoints.numbers[j * 3];
    sample.image_px[j] = {point[0], point[1]};
    sample.visible[j] = point[2] > 0 ? 1 : 0;
  }
  return true;
}

bool ReadPoints(const Rows& rows, std::size_t joints, std::vector<pose::Vec2>& points) {
  return ReadColumns(rows, joints, points);
}

bool ReadPoints(const Rows& rows, std::size_t joints, std::vector<pose::Vec3>& points) {
  return ReadColumns(rows, joints, points);
}

}  // namespace cnp::datasets
