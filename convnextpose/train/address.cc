#include "convnextpose/train/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <optional>

namespace cnp::train {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::string InNumbers(const sockaddr* address, socklen_t length) {
  std::array<char, NI_MAXHOST> host = {};
  const int failed =
      ::getnameinfo(address, length, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? host.data() : "";
}

bool IsLoopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
    return (ntohl(ip.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  const auto& ip = reinterpret_cast<const sockaddr_in6&>(address);
  return IN6_IS_ADDR_LOOPBACK(&ip.sin6_addr) != 0;
}

// Connecting a datagram socket only asks the routing table.
std::optional<Route> Try(const addrinfo& peer) {
  const int descriptor = ::socket(peer.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::nullopt;
  sockaddr_storage own = {};
  socklen_t length = sizeof(own);
  const bool found = ::connect(descriptor, peer.ai_addr, peer.ai_addrlen) == 0 &&
                     ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0;
  ::close(descriptor);
  if (!found) return std::nullopt;
  return Route{InNumbers(reinterpret_cast<const sockaddr*>(&own), length),
               InNumbers(peer.ai_addr, peer.ai_addrlen), IsLoopback(own)};
}

}  // namespace

Result<Route> RouteTo(const std::string& host, int port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return Error{"no machine '" + host + "': " + ::gai_strerror(failed)};
  const Addresses addresses(found, ::freeaddrinfo);
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (std::optional<Route> route = Try(*each)) return *std::move(route);
  }
  return Error{"no way to the machine '" + host + "': " + std::strerror(errno)};
}

}  // namespace cnp::train
