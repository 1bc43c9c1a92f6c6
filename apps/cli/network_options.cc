#include "apps/cli/network_options.h"

#include <fmt/core.h>

#include <filesystem>

#include "convnextpose/model/config.h"

namespace cnp::cli {
namespace {

constexpr const char* kGroup = "What the network is (else found from the tensors)";

}  // namespace

void NetworkOptions::Register(CLI::App& command) {
  command.add_option("--variant", variant, "XS, S, M, L or a config.json")->group(kGroup);
  command.add_option("--up", up, "Layers of the head that upsample, from the first")
      ->group(kGroup)
      ->check(CLI::NonNegativeNumber);
  command.add_option("--joints", joints, "Joints in the heatmap")
      ->group(kGroup)
      ->check(CLI::PositiveNumber);
}

Result<convert::Options> NetworkOptions::Resolve() const {
  convert::Options options{.up = up, .joints = joints};
  if (variant.empty()) return options;
  Result<model::Spec> spec = model::FindVariant(variant);
  const bool is_file = variant.ends_with(".json") || std::filesystem::is_regular_file(variant);
  if (!spec.ok() && is_file) spec = model::LoadConfig(variant);
  CNP_ASSIGN(options.spec, std::move(spec));
  return options;
}

Result<const pose::JointSet*> JointSetOf(const std::string& name, int joints) {
  if (name.empty()) {
    if (const pose::JointSet* set = pose::JointSetOfSize(joints)) return set;
    return Error{fmt::format("the network has {} joints; say with --joint-set which", joints)};
  }
  CNP_ASSIGN(const pose::JointSet* set, pose::FindJointSet(name));
  if (set->size() == joints) return set;
  return Error{
      fmt::format("joint set {} has {} joints, the network {}", name, set->size(), joints)};
}

}  // namespace cnp::cli
