// Files: what predictions mean is in predictions_match.cc.
#include "convnextpose/eval/predictions.h"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "convnextpose/base/file.h"

namespace cnp::eval {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

constexpr int kDeepest = 64;  // In fields that nobody asked for.

/// Builds predictions as the text goes by, so that no text makes it take more memory than what it
/// holds. Levels: 1 in the list, 2 in an entry, 3 in a list of numbers, 4 in a joint.
class Reader : public nlohmann::json_sax<Json> {
 public:
  explicit Reader(std::string_view json) : json_(json) {}

  bool null() override { return Scalar("null"); }
  bool boolean(bool /*value*/) override { return Scalar("true or false"); }
  bool string(string_t& /*value*/) override { return Scalar("a text"); }
  bool binary(binary_t& /*value*/) override { return Scalar("binary"); }
  bool number_integer(number_integer_t value) override { return Whole(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return Whole(static_cast<std::int64_t>(value));
    }
    return Number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return Number(value);
  }

  bool key(string_t& name) override {
    if (level_ == 2) Begin(name);
    return true;
  }
  bool start_object(std::size_t /*size*/) override {
    if (level_ == 0) return Fail("is an object, not a list of predictions");
    if (level_ >= 2 && field_ != kOther) return Fail(Name() + ": must hold numbers");
    if (level_ == 1) entry_ = {};
    return Down();
  }
  bool end_object() override {
    --level_;
    return level_ != 1 || TakeEntry();
  }
  bool start_array(std::size_t /*size*/) override {
    if (level_ == 1) return Fail("is a list, not an object");
    const bool fits = field_ == kOther || level_ < 2 || level_ == 2 ||
                      (level_ == 3 && field_ == kJoints && numbers_.size() == 3 * rows_);
    if (!fits || (level_ == 2 && field_ == kId)) return Fail(Name() + ": is nested wrongly");
    return Down();
  }
  bool end_array() override {
    --level_;
    if (field_ == kOther || level_ < 2) return true;
    if (level_ == 3 && numbers_.size() != 3 * ++rows_) {
      return Fail(Name() + ": joint " + std::to_string(rows_ - 1) + " has not 3 numbers");
    }
    return level_ != 2 || TakeField();
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const Json::exception& /*error*/) override {
    if (error_.empty()) error_ = "offset " + std::to_string(position) + ": " + NotJson(position);
    return false;
  }

  [[nodiscard]] const std::string& error() const { return error_; }
  std::vector<Prediction> predictions;

 private:
  enum Field { kOther = -1, kId, kJoints, kBox, kRoot, kFields };
  static constexpr std::array<const char*, kFields> kNames = {"image_id", "joint_cam", "bbox",
                                                              "root_cam"};

  [[nodiscard]] std::string Name() const { return kNames[static_cast<std::size_t>(field_)]; }

  // `position`: how much of the text was read.
  [[nodiscard]] std::string NotJson(std::size_t position) const {
    const char last = position > 0 && position <= json_.size() ? json_[position - 1] : ' ';
    return last != 'N' && last != 'I'
               ? "this is no JSON; is the file whole?"
               : "NaN and Infinity, which Python writes, are no JSON; leave such people out";
  }

  bool Fail(const std::string& what) {
    std::string place;
    if (level_ > 0) place = "entry " + std::to_string(predictions.size());
    if (level_ > 0 && seen_[kId]) place += " (image_id " + std::to_string(entry_.image_id) + ")";
    error_ = place.empty() ? what : place + ": " + what;
    return false;
  }

  bool Down() { return ++level_ <= kDeepest || Fail("is nested too deeply"); }

  void Begin(const std::string& name) {
    field_ = kOther;
    for (int f = 0; f < kFields; ++f) {
      if (name == kNames[static_cast<std::size_t>(f)]) field_ = static_cast<Field>(f);
    }
    numbers_.clear();
    rows_ = 0;
  }

  // What is no number.
  bool Scalar(const std::string& kind) {
    if (level_ == 0) return Fail("is " + kind + ", not a list of predictions");
    if (level_ == 1) return Fail("is " + kind + ", not an object");
    return field_ == kOther || Fail(Name() + ": is " + kind);
  }

  bool Whole(std::int64_t value) {
    if (level_ != 2 || field_ != kId) return Number(static_cast<double>(value));
    entry_.image_id = value;
    seen_[kId] = true;
    return true;
  }

  bool Number(double value) {
    if (level_ < 2) return Scalar("a number");
    if (field_ == kOther) return true;
    if (field_ == kId) return Fail(Name() + ": must be a whole number");
    if (level_ != (field_ == kJoints ? 4 : 3)) return Fail(Name() + ": is nested wrongly");
    if (!std::isfinite(value)) return Fail(Name() + ": holds a number that is too large");
    if (numbers_.size() >= 3 * kMostPredictedJoints) return Fail(Name() + ": is too long");
    numbers_.push_back(value);
    return true;
  }

  bool TakeField() {
    const std::vector<double>& n = numbers_;
    if (field_ == kJoints) {
      if (n.empty()) return Fail(Name() + ": has no joint");
      entry_.joint_cam.clear();
      for (std::size_t i = 0; i < n.size(); i += 3) {
        entry_.joint_cam.push_back({n[i], n[i + 1], n[i + 2]});
      }
    } else if (field_ == kBox) {
      if (n.size() != 4) return Fail(Name() + ": must be x, y, width, height");
      entry_.bbox = {n[0], n[1], n[2], n[3]};
      if (const Status good = CheckNetworkBox(entry_.bbox); !good.ok()) {
        return Fail(Name() + ": " + good.error().message);
      }
    } else {
      if (n.size() != 3) return Fail(Name() + ": must be x, y, z");
      entry_.root_cam = {n[0], n[1], n[2]};
    }
    seen_[static_cast<std::size_t>(field_)] = true;
    field_ = kOther;
    return true;
  }

  bool TakeEntry() {
    level_ = 2;  // For messages: the entry is still the one that they name.
    for (std::size_t f = 0; f < kFields; ++f) {
      if (!seen_[f]) return Fail(std::string("has no ") + kNames[f]);
    }
    const std::size_t joints = entry_.joint_cam.size();
    if (!predictions.empty() && joints != predictions[0].joint_cam.size()) {
      return Fail("has " + std::to_string(joints) + " joints, the first entry has " +
                  std::to_string(predictions[0].joint_cam.size()));
    }
    level_ = 1;
    seen_ = {};
    field_ = kOther;
    predictions.push_back(std::move(entry_));
    return true;
  }

  std::string_view json_;
  int level_ = 0;
  Field field_ = kOther;
  std::vector<double> numbers_;  // Of the field.
  std::size_t rows_ = 0;         // Of joint_cam, that are complete.
  Prediction entry_;
  std::array<bool, kFields> seen_{};
  std::string error_;
};

double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

template <typename Numbers>
OrderedJson List(const Numbers& numbers) {
  OrderedJson list = OrderedJson::array();
  for (const double number : numbers) list.push_back(Rounded(number));
  return list;
}

}  // namespace

Result<std::vector<Prediction>> ParsePredictions(std::string_view json) {
  Reader reader(json);
  if (!Json::sax_parse(json, &reader)) return Error{reader.error()};
  return std::move(reader.predictions);
}

Result<std::vector<Prediction>> ReadPredictions(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const auto bytes = file.bytes();
  auto read = ParsePredictions({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!read.ok()) return read.error().In(path.string());
  return read;
}

std::string ToJson(std::span<const Prediction> predictions) {
  std::string text = "[";
  for (const Prediction& prediction : predictions) {
    OrderedJson joints = OrderedJson::array();
    for (const pose::Vec3& joint : prediction.joint_cam) joints.push_back(List(joint));
    const pose::Box& box = prediction.bbox;
    const OrderedJson json = {{"image_id", prediction.image_id},
                              {"joint_cam", joints},
                              {"bbox", List(std::array{box.x, box.y, box.w, box.h})},
                              {"root_cam", List(prediction.root_cam)}};
    text += (text.size() == 1 ? "\n" : ",\n") + json.dump();
  }
  return text + "\n]\n";
}

}  // namespace cnp::eval
