#include "apps/train/network_source.h"

#include <fmt/core.h>

#include <utility>

#include "apps/cli/network_options.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::train_app {

Result<NetworkSource> OpenNetwork(const TrainOptions& options, int input) {
  cli::NetworkOptions asked;
  asked.variant = options.variant.empty() && options.init.empty() ? "XS" : options.variant;
  CNP_ASSIGN(const convert::Options network, asked.Resolve());
  NetworkSource source;
  if (options.init.empty()) {
    source.spec = *network.spec;
  } else {
    CNP_ASSIGN(convert::Network loaded, convert::LoadNetwork(options.init, network));
    source.spec = std::move(loaded.spec);
    source.weights = std::move(loaded.weights);
  }
  const int joints = pose::Human36m().size();
  if (source.spec.joints != joints) {
    return Error{
        fmt::format("the network has {} joints; those of Human3.6M are trained, which are "
                    "{}",
                    source.spec.joints, joints)};
  }
  source.spec = WithInput(std::move(source.spec), input);
  CNP_RETURN_IF_ERROR(model::Validate(source.spec));
  return source;
}

model::Spec WithInput(model::Spec spec, int input) {
  spec.input_height = spec.input_width = input;
  return spec;
}

}  // namespace cnp::train_app
