#include "convnextpose/synth/joint_rules.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "convnextpose/pose/joint_set.h"

namespace cnp::synth {
namespace {

using Json = nlohmann::json;
using Terms = std::vector<JointTerm>;

constexpr int kDeepest = 16;
constexpr int kMostMidpoints = 4;  // One in another; a circle would never end.
constexpr std::size_t kMostTerms = 64;
constexpr double kFarthestM = 10;

const Json* Field(const Json* object, const std::string& name) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(name);
  return found == object->end() ? nullptr : &*found;
}

std::optional<float> Finite(const Json& value) {
  if (!value.is_number() || !(std::abs(value.get<double>()) < kFarthestM)) return std::nullopt;
  return value.get<float>();
}

std::optional<Eigen::Vector3f> Vector(const Json& value) {
  if (!value.is_array() || value.size() != 3) return std::nullopt;
  Eigen::Vector3f v;
  for (int k = 0; k < 3; ++k) {
    const auto number = Finite(value[k]);
    if (!number) return std::nullopt;
    v[k] = *number;
  }
  return v;
}

/// What the rules of one table mean for one avatar.
class Rules {
 public:
  Rules(const Json& table, const Json* offsets, const std::vector<Bone>& bones)
      : table_(table), offsets_(offsets), bones_(bones) {}

  Result<Terms> Joint(const std::string& name, int depth = 0) const {
    const Json* rule = Field(&table_, name);
    if (const Json* joints = Field(rule, "midpoint")) return Midpoint(*joints, depth);
    if (const Json* bones = Field(rule, "bones")) return WeightedSum(*bones);
    if (const Json* bone = Field(rule, "bone")) {
      CNP_ASSIGN(const int number, FindBone(*bone));
      CNP_ASSIGN(const Eigen::Vector3f offset, Offset(Field(rule, "offset")));
      return Terms{{number, 1, offset}};
    }
    return Error{"no rule says where joint " + name + " lies"};
  }

 private:
  Result<int> FindBone(const Json& name) const {
    if (!name.is_string()) return Error{"a bone's name is no text"};
    const auto& wanted = name.get_ref<const std::string&>();
    for (std::size_t i = 0; i < bones_.size(); ++i) {
      if (bones_[i].name == wanted) return static_cast<int>(i);
    }
    return Error{"the avatar has no bone " + wanted};
  }

  Result<Eigen::Vector3f> Offset(const Json* offset) const {
    if (offset == nullptr) return Eigen::Vector3f(Eigen::Vector3f::Zero());
    if (offset->is_string()) {
      const auto& name = offset->get_ref<const std::string&>();
      offset = Field(offsets_, name);
      if (offset == nullptr) return Error{"the avatar has no offset " + name};
    }
    const auto vector = Vector(*offset);
    if (!vector) return Error{"an offset is not three numbers, in metres"};
    return *vector;
  }

  Result<Terms> WeightedSum(const Json& bones) const {
    if (!bones.is_object() || bones.size() > kMostTerms) return Error{"bones are not weighted"};
    Terms terms;
    for (const auto& [name, weight] : bones.items()) {
      CNP_ASSIGN(const int number, FindBone(Json(name)));
      const auto share = Finite(weight);
      if (!share) return Error{"the weight of bone " + name + " is no number"};
      terms.push_back({number, *share, Eigen::Vector3f::Zero()});
    }
    return terms;
  }

  Result<Terms> Midpoint(const Json& joints, int depth) const {
    if (depth >= kMostMidpoints) return Error{"midpoints are midpoints of themselves"};
    if (!joints.is_array() || joints.size() != 2) return Error{"a midpoint is not of two joints"};
    Terms terms;
    for (const Json& joint : joints) {
      if (!joint.is_string()) return Error{"a midpoint's joint is no text"};
      CNP_ASSIGN(const Terms half, Joint(joint.get_ref<const std::string&>(), depth + 1));
      for (JointTerm term : half) {
        term.weight /= 2;
        terms.push_back(term);
      }
    }
    return terms;
  }

  const Json& table_;
  const Json* offsets_;
  const std::vector<Bone>& bones_;
};

// A joint is a point only if its weights sum to 1.
bool IsPoint(const Terms& terms) {
  double sum = 0;
  for (const JointTerm& term : terms) sum += term.weight;
  return std::abs(sum - 1) < 1e-3;
}

Result<Json> ParseJson(std::string_view text) {
  bool deep = false;
  const auto watch = [&](int depth, Json::parse_event_t, const Json&) {
    deep = deep || depth >= kDeepest;
    return !deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  if (deep || !json.is_object()) return Error{"this is no JSON that says where joints are"};
  return json;
}

Result<std::vector<Terms>> Parse(std::string_view text, const std::string& table,
                                 const std::string& avatar, const std::vector<Bone>& bones) {
  CNP_ASSIGN(const Json json, ParseJson(text));
  const Json* rules = Field(&json, table);
  if (rules == nullptr) return Error{"there is no table " + table};
  const Json* offsets = Field(Field(Field(&json, "avatars"), avatar), "offsets");
  std::vector<Terms> joints;
  for (const std::string_view name : pose::Human36m().joints) {
    auto terms = Rules(*rules, offsets, bones).Joint(std::string(name));
    if (!terms.ok()) return terms.error().In("avatar " + avatar + ", joint " + std::string(name));
    if (!IsPoint(*terms))
      return Error{"the weights of joint " + std::string(name) + " do not sum to 1"};
    joints.push_back(std::move(terms).value());
  }
  return joints;
}

}  // namespace

Result<std::vector<std::vector<JointTerm>>> ParseJointRules(std::string_view json,
                                                            const std::string& file,
                                                            const std::string& table,
                                                            const std::string& avatar,
                                                            const std::vector<Bone>& bones) {
  auto joints = Parse(json, table, avatar, bones);
  if (!joints.ok()) return joints.error().In(file);
  return joints;
}

}  // namespace cnp::synth
