// Where on the network this process is, for the others.
#pragma once

#include <string>

#include "convnextpose/base/result.h"

namespace cnp::train {

/// Addresses in numbers.
struct Route {
  std::string own;   ///< Of this machine, on the way to the other one.
  std::string peer;  ///< Of the other one.
  bool loopback = false;
};

/// How this machine reaches `host`; sends nothing. Errors: a name that is unknown, no way there.
Result<Route> RouteTo(const std::string& host, int port);

}  // namespace cnp::train
