// The writing half; reading is result_read.cc.
#include "convnextpose/eval/result.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "convnextpose/base/check.h"

namespace cnp::eval {
namespace {

using Json = nlohmann::ordered_json;

// Null for what is not known.
Json Number(double value, double precision) {
  return std::isfinite(value) ? Json(std::round(value * precision) / precision) : Json();
}
Json Mm(double value) { return Number(value, 1e4); }
Json Share(double value) { return Number(value, 1e6); }

Json Text(const std::string& text) { return text.empty() ? Json() : Json(text); }

template <typename T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json Index(int index) { return index < 0 ? Json() : Json(index); }

Json ToJson(const Metrics& metrics) {
  Json json = Json::object();
  for (const MetricInfo& metric : kMetrics) {
    const double value = metrics.*metric.value;
    json[std::string(metric.name)] = metric.share ? Share(value) : Mm(value);
  }
  return json;
}

Json ToJson(const Intervals& intervals) {
  Json json = Json::object();
  for (std::size_t m = 0; m < kMetrics.size(); ++m) {
    const auto number = kMetrics[m].share ? Share : Mm;
    const Interval& interval = intervals[m];
    json[std::string(kMetrics[m].name)] =
        std::isfinite(interval.low) && std::isfinite(interval.high)
            ? Json{number(interval.low), number(interval.high)}
            : Json();
  }
  return json;
}

Json ToJson(const std::vector<Group>& groups) {
  Json json = Json::array();
  for (const Group& group : groups) {
    Json entry = {{"id", Index(group.id)}, {"name", group.name}, {"samples", group.samples}};
    entry.update(ToJson(group.metrics));
    json.push_back(std::move(entry));
  }
  return json;
}

Json ToJson(const JointErrors& joint) {
  if (joint.name.empty()) return {};
  return {{"name", joint.name},
          {"mean_mm", Mm(joint.mean_mm)},
          {"pck3d_150", Share(joint.pck3d_150)},
          {"pck2d_5", Share(joint.pck2d_5)},
          {"pck2d_10", Share(joint.pck2d_10)},
          {"pck2d_20", Share(joint.pck2d_20)}};
}

Json ToJson(const std::vector<JointErrors>& joints) {
  Json json = Json::array();
  for (const JointErrors& joint : joints) json.push_back(ToJson(joint));
  return json;
}

Json ToJson(const ModelInfo& model) {
  return {{"name", Text(model.name)},
          {"variant", Text(model.variant)},
          {"file", Text(model.file)},
          {"parameters", Optional(model.parameters)},
          {"gmac", model.gmac ? Number(*model.gmac, 1e6) : Json()},
          {"precision", Text(model.precision)},
          {"isa", Text(model.isa)}};
}

Json ToJson(const Settings& settings) {
  return {{"flip_test", Optional(settings.flip_test)},
          {"boxes", Text(settings.boxes)},
          {"roots", Text(settings.roots)},
          {"assumed_camera", Optional(settings.assumed_camera)},
          {"subsample", Optional(settings.subsample)},
          {"subjects", settings.subjects},
          {"threads", Optional(settings.threads)},
          {"batch", Optional(settings.batch)},
          {"notes", settings.notes}};
}

Json ToJson(const datasets::Problems& problems) {
  Json named = Json::array();
  for (const datasets::Problem& problem : problems.named) {
    named.push_back({{"where", problem.where}, {"what", problem.what}});
  }
  return {{"count", problems.count}, {"named", named}};
}

// Numbers alone: a list of lists would be half as long again. Without a box they mean nothing.
Json SketchJson(const std::vector<SketchJoint>& sketch, bool has_box) {
  Json json = Json::array();
  if (!has_box) return json;
  for (const SketchJoint& joint : sketch) {
    for (const int number : joint) json.push_back(joint == kNoPlace ? Json() : Json(number));
  }
  return json;
}

// Null where it is not known.
Json BoxJson(const pose::Box& box) {
  const auto tenths = [](double px) { return std::round(px * 10) / 10; };
  const pose::Box rounded = {tenths(box.x), tenths(box.y), tenths(box.w), tenths(box.h)};
  if (!pose::CheckNetworkBox(rounded).ok()) return {};
  return {rounded.x, rounded.y, rounded.w, rounded.h};
}
Json RootJson(const pose::Vec3& mm) {
  if (!(mm[2] > 0)) return {};
  return {Number(mm[0], 10), Number(mm[1], 10), Number(mm[2], 10)};
}

Json ToJson(const Record& record) {
  Json joint_mm = Json::array();
  for (const double mm : record.errors.joint_mm) joint_mm.push_back(Mm(mm));
  Json joint_share = Json::array();
  for (const double share : record.joint_share) joint_share.push_back(Share(share));
  const Errors3d& errors = record.errors;
  const Json box = BoxJson(record.network_box);
  return {{"image_id", record.image_id},
          {"annotation_id", record.annotation_id},
          {"file", record.file},
          {"subject", Index(record.subject)},
          {"action", Index(record.action)},
          {"subaction", Index(record.subaction)},
          {"camera", Index(record.camera)},
          {"mpjpe_mm", Mm(errors.mpjpe_mm)},
          {"pa_mpjpe_rigid_mm", Mm(errors.pa_mpjpe_rigid_mm)},
          {"pa_mpjpe_mm", Mm(errors.pa_mpjpe_mm)},
          {"n_mpjpe_mm", Mm(errors.n_mpjpe_mm)},
          {"mrpe_mm", Mm(errors.mrpe_mm)},
          {"joint_mm", joint_mm},
          {"joint_share", joint_share},
          {"box", box},
          {"root_mm", RootJson(record.root_mm)},
          {"pose", SketchJson(record.sketch, !box.is_null())}};
}

std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string ToJson(const Evaluation& evaluation) {
  CNP_CHECK(evaluation.joints != nullptr, "an evaluation has a joint set");
  const Summary& summary = evaluation.summary;
  const Json head = {{"schema", kResultSchema},
                     {"dataset", evaluation.dataset},
                     {"split", Text(evaluation.split)},
                     {"data", Text(evaluation.data)},
                     {"protocol", evaluation.protocol > 0 ? Json(evaluation.protocol) : Json()},
                     {"joint_set", evaluation.joints->name},
                     {"model", ToJson(evaluation.model)},
                     {"settings", ToJson(evaluation.settings)},
                     {"samples", summary.samples},
                     {"samples_3d", summary.samples_3d},
                     {"samples_2d", summary.samples_2d},
                     {"sequences", summary.sequences},
                     {"frames_per_second", Number(summary.frames_per_second, 1e3)},
                     {"metrics", ToJson(summary.metrics)},
                     {"intervals", ToJson(summary.intervals)},
                     {"sequence_intervals", ToJson(summary.sequence_intervals)},
                     {"per_action", ToJson(summary.per_action)},
                     {"per_subject", ToJson(summary.per_subject)},
                     {"per_camera", ToJson(summary.per_camera)},
                     {"per_joint", ToJson(summary.per_joint)},
                     {"limbs_and_head", ToJson(summary.limbs_and_head)},
                     {"left_out", ToJson(evaluation.left_out)}};
  // The head is for people too; records are one a line.
  std::string text = Dump(head, 1);
  text.erase(text.find_last_of('\n'));
  text += ",\n \"records\": [";
  for (std::size_t i = 0; i < evaluation.records.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + Dump(ToJson(evaluation.records[i]), -1);
  }
  return text + "\n ]\n}\n";
}

}  // namespace cnp::eval
