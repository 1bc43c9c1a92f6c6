#include "apps/cli/bench_peer.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "convnextpose/model/config.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/onnx/model.h"

namespace cnp::cli {
namespace {

using Json = nlohmann::ordered_json;

// Loading PyTorch takes seconds, on a busy machine more; a run never takes as long.
constexpr std::chrono::seconds kPatience{120};

struct Kind {
  const char* name;
  const char* script;  // nullptr: none yet.
  bool takes_onnx;     // Else the tensors.
};
constexpr std::array<Kind, 4> kKinds = {{
    {"onnxruntime", "onnxruntime.mjs", true},
    {"pytorch", "pytorch.py", false},
    {"opencv", "opencv.py", true},
    {"ncnn", nullptr, true},
}};

const Kind& KindOf(const std::string& name) {
  return *std::find_if(kKinds.begin(), kKinds.end(),
                       [&](const Kind& known) { return known.name == name; });
}

// What is sent for the model: a description for the header, and the bytes that follow it.
struct Model {
  Json description;
  std::string bytes;
};

Model TensorsModel(const BenchSubject& subject) {
  Model model{.description = {{"form", "tensors"}, {"tensors", Json::array()}}};
  for (const auto& [name, tensor] : subject.weights.all()) {
    model.description["tensors"].push_back({{"name", name}, {"shape", tensor.shape}});
    const auto bytes = std::as_bytes(std::span(tensor.values));
    model.bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return model;
}

Result<Model> OnnxModel(const BenchSubject& subject) {
  CNP_ASSIGN(std::string bytes, onnx::SerializeModel({.folded = subject.folded}));
  return Model{{{"form", "onnx"}}, std::move(bytes)};
}

// [batch, height, width, 3] -> [batch, 3, height, width], as the others take it.
std::vector<float> Planes(const std::vector<float>& pictures, int batch) {
  const std::size_t pixels = pictures.size() / 3 / static_cast<std::size_t>(batch);
  std::vector<float> planes(pictures.size());
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const std::size_t picture = i / 3 / pixels;
    planes[(picture * 3 + i % 3) * pixels + i / 3 % pixels] = pictures[i];
  }
  return planes;
}

Status SendTask(ChildProcess& process, const Kind& kind, const BenchSubject& subject, int threads,
                int batch) {
  const model::Spec& spec = subject.spec;
  CNP_ASSIGN(const Model model,
             kind.takes_onnx ? OnnxModel(subject) : Result<Model>(TensorsModel(subject)));
  const std::vector<float> pictures = Planes(BenchPictures(spec, batch), batch);
  const Json header = {{"threads", threads},
                       {"input", {batch, 3, spec.input_height, spec.input_width}},
                       {"config", Json::parse(model::ToConfig(spec))},
                       {"model", model.description},
                       {"model_bytes", model.bytes.size()}};
  CNP_RETURN_IF_ERROR(process.Write(header.dump() + "\n"));
  CNP_RETURN_IF_ERROR(process.Write(model.bytes));
  return process.Write(std::as_bytes(std::span(pictures)));
}

// An answer that is not of the protocol is an error like any other.
Result<Json> ReadAnswer(ChildProcess& process) {
  CNP_ASSIGN(const std::string line, process.ReadLine(kPatience));
  Json answer = Json::parse(line, nullptr, false);
  if (!answer.is_object()) return Error{"its answer is no JSON object: " + line.substr(0, 80)};
  if (answer.contains("error") && answer["error"].is_string()) {
    return Error{answer["error"].get<std::string>()};
  }
  return answer;
}

}  // namespace

std::vector<std::string> PeerNames() {
  std::vector<std::string> names;
  names.reserve(kKinds.size());
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

Result<std::unique_ptr<Peer>> Peer::Start(const std::string& name,
                                          const std::filesystem::path& folder,
                                          const BenchSubject& subject, int threads, int batch) {
  const Kind& kind = KindOf(name);
  if (kind.script == nullptr) {
    return Error{"absent: Debian and npm have no package of it"};
  }
  if (!std::filesystem::exists(folder / kind.script)) {
    return Error{"absent: no " + (folder / kind.script).string() +
                 "; give --peers tools/peers of a source checkout"};
  }
  std::unique_ptr<Peer> peer(new Peer);
  peer->name_ = name;
  CNP_ASSIGN(peer->process_, ChildProcess::Start(folder / kind.script));
  CNP_RETURN_IF_ERROR(peer->Prepare(subject, threads, batch));
  return peer;
}

Status Peer::Prepare(const BenchSubject& subject, int threads, int batch) {
  coordinates_ = static_cast<std::size_t>(batch) * subject.spec.joints * 3;
  // Whether it reads to the end shows in its answer.
  const Status sent = SendTask(*process_, KindOf(name_), subject, threads, batch);
  CNP_ASSIGN(const Json ready, ReadAnswer(*process_));
  if (!sent.ok()) return sent.error();
  about_ = ready.value("version", "") + ", " + ready.value("settings", "");
  return {};
}

Result<Turn> Peer::Run(int runs) {
  CNP_RETURN_IF_ERROR(process_->Write(std::to_string(runs) + "\n"));
  CNP_ASSIGN(const Json answer, ReadAnswer(*process_));
  try {
    Turn turn{answer.at("ms"), answer.at("coordinates")};
    if (turn.ms.size() == static_cast<std::size_t>(runs) &&
        turn.coordinates.size() == coordinates_) {
      return turn;
    }
  } catch (const Json::exception&) {  // Told below.
  }
  return Error{name_ + ": its answer is not " + std::to_string(runs) + " times and " +
               std::to_string(coordinates_) + " coordinates"};
}

}  // namespace cnp::cli
