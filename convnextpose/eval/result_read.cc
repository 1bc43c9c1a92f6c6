#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "convnextpose/base/file.h"
#include "convnextpose/eval/result.h"

namespace cnp::eval {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 16;
constexpr std::size_t kMostGroups = 10'000;
constexpr std::size_t kLongestText = 4096;
constexpr double kLargest = 1e12;

// Deep nesting costs a parser far more memory than its text.
bool IsTooDeep(std::string_view json) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Valid UTF-8 already; what could move a terminal's cursor has no place in names.
bool HasControlCharacters(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    const bool c1 =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) return true;
  }
  return false;
}

/// The first thing that is wrong with a file; what is read after it is thrown away.
class Problem {
 public:
  void Add(const std::string& place, const std::string& what) {
    if (message_.empty()) message_ = place + ": " + what;
  }
  [[nodiscard]] bool any() const { return !message_.empty(); }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  std::string message_;
};

/// A JSON value and where it stands. What is missing or null reads as "not known".
class Value {
 public:
  Value(const Json* json, std::string place, Problem& problem)
      : json_(json), place_(std::move(place)), problem_(&problem) {}

  [[nodiscard]] bool known() const { return json_ != nullptr && !json_->is_null(); }
  void Fail(const std::string& what) const { problem_->Add(place_, what); }

  [[nodiscard]] Value operator[](const char* key) const {
    const std::string place = place_.empty() ? key : place_ + "." + key;
    if (!known()) return {nullptr, place, *problem_};
    if (!json_->is_object()) {
      Fail("must be an object");
      return {nullptr, place, *problem_};
    }
    const auto found = json_->find(key);
    return {found == json_->end() ? nullptr : &*found, place, *problem_};
  }

  /// The values of an array; none if it is not known.
  [[nodiscard]] std::vector<Value> Items(std::size_t most) const {
    std::vector<Value> items;
    if (!known()) return items;
    if (!json_->is_array() || json_->size() > most) {
      Fail("must be a list of at most " + std::to_string(most) + " entries");
      return items;
    }
    items.reserve(json_->size());
    for (std::size_t i = 0; i < json_->size(); ++i) {
      items.emplace_back(&(*json_)[i], place_ + "[" + std::to_string(i) + "]", *problem_);
    }
    return items;
  }

  /// kUnknown, or a number from 0 to `most`.
  [[nodiscard]] double Number(double most) const {
    if (!known()) return kUnknown;
    const double number = json_->is_number() ? json_->get<double>() : kUnknown;
    if (number >= 0 && number <= most) return number;
    Fail("must be null or a number from 0 to " + Json(most).dump());
    return kUnknown;
  }

  /// kUnknown, or a number from -most to `most`.
  [[nodiscard]] double Signed(double most) const {
    if (!known()) return kUnknown;
    const double number = json_->is_number() ? json_->get<double>() : kUnknown;
    if (std::abs(number) <= most) return number;
    Fail("must be null or a number of a usual size");
    return kUnknown;
  }

  template <typename Int>
  [[nodiscard]] std::optional<Int> Whole(Int least) const {
    if (!known()) return std::nullopt;
    const bool fits = json_->is_number_integer() &&
                      (!json_->is_number_unsigned() ||
                       json_->get<std::uint64_t>() <=
                           static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    const auto wide = fits ? json_->get<std::int64_t>() : 0;
    if (fits && wide >= static_cast<std::int64_t>(least) &&
        static_cast<std::uint64_t>(std::max<std::int64_t>(wide, 0)) <=
            static_cast<std::uint64_t>(std::numeric_limits<Int>::max())) {
      return static_cast<Int>(wide);
    }
    Fail("must be null or a whole number of a usual size");
    return std::nullopt;
  }

  [[nodiscard]] std::optional<bool> Bool() const {
    if (!known()) return std::nullopt;
    if (!json_->is_boolean()) {
      Fail("must be null, true or false");
      return std::nullopt;
    }
    return json_->get<bool>();
  }

  [[nodiscard]] std::string Text() const {
    if (!known()) return "";
    if (json_->is_string()) {
      const auto& text = json_->get_ref<const std::string&>();
      if (text.size() <= kLongestText && !HasControlCharacters(text)) return text;
    }
    Fail("must be null or a text on one line");
    return "";
  }

 private:
  const Json* json_;
  std::string place_;
  Problem* problem_;
};

double Limit(bool share) { return share ? 1 : kLargest; }

Metrics ReadMetrics(const Value& value) {
  Metrics metrics;
  for (const MetricInfo& metric : kMetrics) {
    metrics.*metric.value = value[metric.name.data()].Number(Limit(metric.share));
  }
  return metrics;
}

Intervals ReadIntervals(const Value& value) {
  Intervals intervals;
  for (std::size_t m = 0; m < kMetrics.size(); ++m) {
    const Value pair = value[kMetrics[m].name.data()];
    const std::vector<Value> ends = pair.Items(2);
    if (ends.empty()) continue;
    if (ends.size() != 2) {
      pair.Fail("must have two ends");
      continue;
    }
    const double most = Limit(kMetrics[m].share);
    intervals[m] = {ends[0].Number(most), ends[1].Number(most)};
  }
  return intervals;
}

std::size_t ReadCount(const Value& value) { return value.Whole<std::size_t>(0).value_or(0); }

std::vector<Group> ReadGroups(const Value& value) {
  std::vector<Group> groups;
  for (const Value& item : value.Items(kMostGroups)) {
    groups.push_back({item["id"].Whole(0).value_or(-1), item["name"].Text(),
                      ReadCount(item["samples"]), ReadMetrics(item)});
  }
  return groups;
}

JointErrors ReadJoint(const Value& value) {
  const auto share = [&](const char* name) { return value[name].Number(1); };
  return {value["name"].Text(), value["mean_mm"].Number(kLargest),
          share("pck3d_150"),   share("pck2d_5"),
          share("pck2d_10"),    share("pck2d_20")};
}

std::vector<JointErrors> ReadJoints(const Value& value, const pose::JointSet& set) {
  std::vector<JointErrors> joints;
  for (const Value& item : value.Items(set.joints.size())) joints.push_back(ReadJoint(item));
  return joints;
}

ModelInfo ReadModel(const Value& value) {
  ModelInfo model;
  model.name = value["name"].Text();
  model.variant = value["variant"].Text();
  model.file = value["file"].Text();
  model.parameters = value["parameters"].Whole<std::int64_t>(0);
  if (value["gmac"].known()) model.gmac = value["gmac"].Number(kLargest);
  model.precision = value["precision"].Text();
  model.isa = value["isa"].Text();
  return model;
}

Settings ReadSettings(const Value& value) {
  Settings settings;
  settings.flip_test = value["flip_test"].Bool();
  settings.boxes = value["boxes"].Text();
  settings.roots = value["roots"].Text();
  settings.assumed_camera = value["assumed_camera"].Bool();
  settings.subsample = value["subsample"].Whole(1);
  for (const Value& subject : value["subjects"].Items(kMostGroups)) {
    settings.subjects.push_back(subject.Whole(0).value_or(0));
  }
  settings.threads = value["threads"].Whole(1);
  settings.batch = value["batch"].Whole(1);
  for (const Value& note : value["notes"].Items(kMostGroups)) settings.notes.push_back(note.Text());
  return settings;
}

datasets::Problems ReadProblems(const Value& value) {
  datasets::Problems problems;
  for (const Value& item : value["named"].Items(datasets::Problems::kNamed)) {
    problems.Add({item["where"].Text(), item["what"].Text()});
  }
  problems.count = std::max(problems.count, ReadCount(value["count"]));
  return problems;
}

// None, or one number an entry.
std::vector<double> ReadNumbers(const Value& value, std::size_t count, double most) {
  std::vector<double> numbers;
  for (const Value& item : value.Items(count)) numbers.push_back(item.Number(most));
  if (!numbers.empty() && numbers.size() != count) {
    value.Fail("must have " + std::to_string(count) + " entries, as the joint set");
  }
  return numbers;
}

// Numbers of any sign; empty where they are not known.
std::vector<double> ReadPlace(const Value& value, std::size_t count) {
  std::vector<double> numbers;
  for (const Value& item : value.Items(count)) numbers.push_back(item.Signed(kLargest));
  const bool whole = numbers.size() == count && std::ranges::all_of(numbers, [](double number) {
                       return std::isfinite(number);
                     });
  if (!whole && !numbers.empty())
    value.Fail("must be null or " + std::to_string(count) + " numbers");
  return whole ? numbers : std::vector<double>();
}

pose::Box ReadBox(const Value& value) {
  const std::vector<double> numbers = ReadPlace(value, 4);
  if (numbers.empty()) return {};
  const pose::Box box = {numbers[0], numbers[1], numbers[2], numbers[3]};
  const Status usable = pose::CheckNetworkBox(box);
  if (!usable.ok()) value.Fail(usable.error().message);
  return box;
}

pose::Vec3 ReadRoot(const Value& value) {
  const std::vector<double> numbers = ReadPlace(value, 3);
  return numbers.empty() ? pose::Vec3{} : pose::Vec3{numbers[0], numbers[1], numbers[2]};
}

// Joints that the box does not place have no use.
std::vector<SketchJoint> ReadSketch(const Value& value, const pose::Box& box, std::size_t joints) {
  const std::vector<Value> items = value.Items(3 * joints);
  if (items.empty()) return {};
  if (items.size() != 3 * joints || !(box.w > 0)) {
    value.Fail("must have three numbers a joint, and stand beside a box");
    return {};
  }
  std::vector<SketchJoint> sketch(joints, kNoPlace);
  for (std::size_t j = 0; j < joints; ++j) {
    SketchJoint joint{};
    bool known = true;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double number = items[3 * j + axis].Signed(kFarthestSketch - 1);
      known = known && std::isfinite(number);
      joint[axis] = known ? static_cast<int>(std::lround(number)) : 0;
    }
    if (known) sketch[j] = joint;
  }
  return sketch;
}

Record ReadRecord(const Value& value, const pose::JointSet& set, std::size_t scored) {
  constexpr auto any = std::numeric_limits<std::int64_t>::min();
  Record record;
  record.image_id = value["image_id"].Whole<std::int64_t>(any).value_or(0);
  record.annotation_id = value["annotation_id"].Whole<std::int64_t>(any).value_or(0);
  record.file = value["file"].Text();
  record.subject = value["subject"].Whole(0).value_or(-1);
  record.action = value["action"].Whole(0).value_or(-1);
  record.subaction = value["subaction"].Whole(0).value_or(-1);
  record.camera = value["camera"].Whole(0).value_or(-1);
  Errors3d& errors = record.errors;
  errors.mpjpe_mm = value["mpjpe_mm"].Number(kLargest);
  errors.pa_mpjpe_rigid_mm = value["pa_mpjpe_rigid_mm"].Number(kLargest);
  errors.pa_mpjpe_mm = value["pa_mpjpe_mm"].Number(kLargest);
  errors.n_mpjpe_mm = value["n_mpjpe_mm"].Number(kLargest);
  errors.mrpe_mm = value["mrpe_mm"].Number(kLargest);
  errors.joint_mm = ReadNumbers(value["joint_mm"], scored, kLargest);
  record.joint_share = ReadNumbers(value["joint_share"], set.joints.size(), kLostShare);
  record.network_box = ReadBox(value["box"]);
  record.root_mm = ReadRoot(value["root_mm"]);
  record.sketch = ReadSketch(value["pose"], record.network_box, set.joints.size());
  return record;
}

Summary ReadSummary(const Value& root, const pose::JointSet& set) {
  Summary summary;
  summary.samples = ReadCount(root["samples"]);
  summary.samples_3d = ReadCount(root["samples_3d"]);
  summary.samples_2d = ReadCount(root["samples_2d"]);
  summary.sequences = ReadCount(root["sequences"]);
  summary.frames_per_second = root["frames_per_second"].Number(kLargest);
  summary.metrics = ReadMetrics(root["metrics"]);
  summary.intervals = ReadIntervals(root["intervals"]);
  summary.sequence_intervals = ReadIntervals(root["sequence_intervals"]);
  summary.per_action = ReadGroups(root["per_action"]);
  summary.per_subject = ReadGroups(root["per_subject"]);
  summary.per_camera = ReadGroups(root["per_camera"]);
  summary.per_joint = ReadJoints(root["per_joint"], set);
  summary.limbs_and_head = ReadJoint(root["limbs_and_head"]);
  return summary;
}

Result<Evaluation> ReadEvaluation(const Json& json, const pose::JointSet& set) {
  Problem problem;
  const Value root(&json, "", problem);
  Evaluation evaluation;
  evaluation.dataset = root["dataset"].Text();
  evaluation.split = root["split"].Text();
  evaluation.data = root["data"].Text();
  evaluation.protocol = root["protocol"].Whole(0).value_or(0);
  evaluation.joints = &set;
  evaluation.model = ReadModel(root["model"]);
  evaluation.settings = ReadSettings(root["settings"]);
  evaluation.summary = ReadSummary(root, set);
  evaluation.left_out = ReadProblems(root["left_out"]);
  const std::size_t scored = ScoredJoints(set).size();
  for (const Value& item : root["records"].Items(kMaxResultBytes)) {
    evaluation.records.push_back(ReadRecord(item, set, scored));
    if (problem.any()) break;
  }
  if (problem.any()) return Error{problem.message()};
  return evaluation;
}

}  // namespace

Result<Evaluation> FromJson(std::string_view json) {
  if (json.size() > kMaxResultBytes) return Error{"larger than a result of 256 MB"};
  const Error no_result = {"not a result of `convnextpose eval --json`"};
  if (IsTooDeep(json)) return no_result;
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return Error{"not JSON; is the file whole?"};
  if (!root.is_object()) return no_result;
  const auto schema = root.find("schema");
  if (schema == root.end() || !schema->is_string()) return no_result;
  if (*schema != kResultSchema) {
    return Error{"its schema is not " + std::string(kResultSchema) +
                 ": it is no result, or one of another version; evaluate again"};
  }
  const auto name = root.find("joint_set");
  if (name == root.end() || !name->is_string()) return Error{"joint_set: must be a text"};
  CNP_ASSIGN(const pose::JointSet* set, pose::FindJointSet(name->get_ref<const std::string&>()));
  return ReadEvaluation(root, *set);
}

Result<Evaluation> LoadEvaluation(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const auto bytes = file.bytes();
  Result<Evaluation> read = FromJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!read.ok()) return read.error().In(path.string());
  if (read->model.name.empty()) read->model.name = path.stem().string();
  return read;
}

}  // namespace cnp::eval
