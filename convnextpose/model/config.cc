#include "convnextpose/model/config.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "convnextpose/base/file.h"

namespace cnp::model {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

Result<int> Integer(const Json& value, const std::string& field) {
  if (!value.is_number_integer()) {
    return Error{"'" + field + "' must be a whole number, it is " + value.dump().substr(0, 40)};
  }
  const auto wide = value.get<std::int64_t>();
  if (wide < 0 || wide > std::numeric_limits<int>::max()) {
    return Error{"'" + field + "' is out of range: " + value.dump()};
  }
  return static_cast<int>(wide);
}

Result<int> Integer(const Json& object, const char* field, const std::string& path) {
  const auto found = object.find(field);
  if (found == object.end()) return Error{"'" + path + field + "' is missing"};
  return Integer(*found, path + field);
}

Status Integers(const Json& object, const char* field, std::span<int> out) {
  const auto found = object.find(field);
  if (found == object.end() || !found->is_array() || found->size() != out.size()) {
    return Error{"'" + std::string(field) + "' must be a list of " + std::to_string(out.size()) +
                 " whole numbers"};
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    CNP_ASSIGN(out[i], Integer((*found)[i], field + ("[" + std::to_string(i) + "]")));
  }
  return {};
}

Result<HeadLayer> ParseHeadLayer(const Json& value, const std::string& path) {
  if (!value.is_object()) return Error{"'" + path + "' must be an object"};
  HeadLayer layer;
  CNP_ASSIGN(layer.channels, Integer(value, "channels", path + "."));
  if (value.contains("kernel")) {
    CNP_ASSIGN(layer.kernel, Integer(value, "kernel", path + "."));
  }
  const auto up = value.find("up");
  if (up == value.end() || !up->is_boolean()) {
    return Error{"'" + path + ".up' must be true or false"};
  }
  layer.up = up->get<bool>();
  return layer;
}

}  // namespace

std::string ToConfig(const Spec& spec) {
  Json head = Json::array();
  for (const HeadLayer& layer : spec.head) {
    head.push_back({{"channels", layer.channels}, {"kernel", layer.kernel}, {"up", layer.up}});
  }
  const Json json = {{"name", spec.name},
                     {"depths", spec.depths},
                     {"dims", spec.dims},
                     {"head", head},
                     {"depth_bins", spec.depth_bins},
                     {"joints", spec.joints},
                     {"input", {spec.input_height, spec.input_width}}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Spec> ParseConfig(std::string_view json) {
  if (json.size() > kMaxConfigBytes) return Error{"configuration is larger than 1 MB"};
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return Error{"configuration is not a JSON object"};
  Spec spec;
  spec.name = "custom";
  if (const auto name = root.find("name"); name != root.end()) {
    if (!name->is_string()) return Error{"'name' must be a string"};
    spec.name = name->get<std::string>();
  }
  CNP_RETURN_IF_ERROR(Integers(root, "depths", spec.depths));
  CNP_RETURN_IF_ERROR(Integers(root, "dims", spec.dims));
  const auto head = root.find("head");
  if (head == root.end() || !head->is_array()) return Error{"'head' must be a list of layers"};
  for (std::size_t k = 0; k < head->size(); ++k) {
    CNP_ASSIGN(HeadLayer layer, ParseHeadLayer((*head)[k], "head[" + std::to_string(k) + "]"));
    spec.head.push_back(layer);
  }
  CNP_ASSIGN(spec.depth_bins, Integer(root, "depth_bins", ""));
  CNP_ASSIGN(spec.joints, Integer(root, "joints", ""));
  if (root.contains("input")) {
    std::array<int, 2> input{};
    CNP_RETURN_IF_ERROR(Integers(root, "input", input));
    spec.input_height = input[0];
    spec.input_width = input[1];
  }
  CNP_RETURN_IF_ERROR(Validate(spec));
  return spec;
}

Result<Spec> LoadConfig(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const auto bytes = file.bytes();
  Result<Spec> spec = ParseConfig({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!spec.ok()) return spec.error().In(path.string());
  return spec;
}

}  // namespace cnp::model
