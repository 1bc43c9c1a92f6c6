#include "convnextpose/train/collective.h"

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <future>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/train/address.h"
#include "convnextpose/train/liveness.h"
#include "convnextpose/train/sum.h"
#include "convnextpose/train/torch_distributed.h"

namespace cnp::train {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

constexpr milliseconds kLook(200);
constexpr milliseconds kPoll(20);
constexpr std::chrono::hours kBusy(24);  // As long as one may let the others wait.
constexpr int kGlooThreads = 2;
constexpr const char* kMasterAddress = "master";

/// One line of what LibTorch or Gloo say, without the place in their source.
std::string OneLine(const std::exception& error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  const std::size_t end = text.find("] ");
  return text.starts_with('[') && end != std::string::npos ? text.substr(end + 2) : text;
}

StorePointer OpenStore(const Membership& self, bool serve, milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(self.port);
  options.isServer = serve;
  options.waitWorkers = false;
  options.timeout = std::chrono::ceil<std::chrono::seconds>(timeout);  // It knows no parts of one.
  // The launcher's store still has what those before a restart wrote.
  return c10::make_intrusive<c10d::PrefixStore>(
      "convnextpose/" + std::to_string(self.attempt),
      c10::make_intrusive<c10d::TCPStore>(self.master, options));
}

std::string PresenceOf(int rank) { return "here/" + std::to_string(rank); }

std::string Missing(c10d::Store& store, int world) {
  std::string missing;
  for (int rank = 0; rank < world; ++rank) {
    if (store.check({PresenceOf(rank)})) continue;
    missing += (missing.empty() ? "" : ", ") + std::to_string(rank);
  }
  return missing;
}

/// Throws std::runtime_error: someone did not come.
void Meet(c10d::Store& store, const Membership& self, Clock::time_point deadline) {
  if (store.add(PresenceOf(self.rank), 1) != 1) {
    throw std::runtime_error("there is another process " + std::to_string(self.rank));
  }
  std::vector<std::string> all;
  for (int rank = 0; rank < self.world; ++rank) all.push_back(PresenceOf(rank));
  while (!store.check(all)) {
    if (Clock::now() > deadline) {
      throw std::runtime_error("did not come: " + Missing(store, self.world));
    }
    std::this_thread::sleep_for(kPoll);
  }
}

/// Each says what the first process's address is as seen from another machine, for by its own name
/// a machine may know itself as loopback only.
std::string MeetAndFindAddress(c10d::Store& store, const Membership& self,
                               Clock::time_point deadline) {
  const Result<Route> route = RouteTo(self.master, self.port);
  if (!route.ok()) throw std::runtime_error(route.error().message);
  if (!route->loopback) store.set(kMasterAddress, {route->peer.begin(), route->peer.end()});
  Meet(store, self, deadline);
  if (!route->loopback || !store.check({kMasterAddress})) return route->own;
  const std::vector<std::uint8_t> address = store.get(kMasterAddress);
  return {address.begin(), address.end()};
}

class Gloo final : public c10d::ProcessGroupGloo {
 public:
  using ProcessGroupGloo::ProcessGroupGloo;
  /// How long an operation waits for the others.
  void SetPatience(milliseconds patience) {
    for (const auto& context : contexts_) context->setTimeout(patience);
  }
};

c10::intrusive_ptr<Gloo> JoinGloo(const StorePointer& store, const Membership& self,
                                  const std::string& address, milliseconds timeout) {
  auto options = Gloo::Options::create(timeout);
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");  // As in PyTorch.
  options->devices.push_back(interface != nullptr ? Gloo::createDeviceForInterface(interface)
                                                  : Gloo::createDeviceForHostname(address));
  options->threads = kGlooThreads;
  auto group = c10::make_intrusive<Gloo>(c10::make_intrusive<c10d::PrefixStore>("cpu", store),
                                         self.rank, self.world, options);
  // Liveness tells who is lost; the others may well be busy for long.
  group->SetPatience(kBusy);
  return group;
}

class TorchCollective final : public SummingCollective {
 public:
  TorchCollective(const Membership& self, milliseconds timeout, milliseconds patience)
      : self_(self) {
    const Clock::time_point deadline = Clock::now() + timeout;
    store_ = OpenStore(self, self.rank == 0 && !self.launcher_serves, timeout);
    const std::string address = MeetAndFindAddress(*store_, self, deadline);
    cpu_ = JoinGloo(store_, self, address, timeout);
#ifdef USE_C10D_NCCL
    if (at::globalContext().hasCUDA()) {
      auto nccl = c10d::ProcessGroupNCCL::Options::create();
      nccl->timeout = kBusy;
      gpu_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(
          c10::make_intrusive<c10d::PrefixStore>("gpu", store_), self.rank, self.world, nccl);
    }
#endif
    const StorePointer counters = OpenStore(self, false, timeout);
    liveness_.emplace(
        [counters](const std::string& name, std::int64_t add) { return counters->add(name, add); },
        self.rank, self.world, patience);
  }
  TorchCollective(const TorchCollective&) = delete;
  TorchCollective& operator=(const TorchCollective&) = delete;
  ~TorchCollective() override {
    // Its destructor would wait for the operation that waits for the lost process.
    if (lost_) cpu_.release();
  }

  [[nodiscard]] const Membership& membership() const override { return self_; }

  void Sum(torch::Tensor& tensor) override {
    OnDevice(tensor, [](auto& group, std::vector<torch::Tensor>& tensors) {
      return group.allreduce(tensors);
    });
  }
  void Broadcast(torch::Tensor& tensor) override {
    OnDevice(tensor, [](auto& group, std::vector<torch::Tensor>& tensors) {
      return group.broadcast(tensors);
    });
  }

 private:
  template <typename Operation>
  void OnDevice(torch::Tensor& tensor, const Operation& operation) {
    const torch::NoGradGuard no_grad;
    std::vector<torch::Tensor> tensors = {tensor};
    try {
#ifdef USE_C10D_NCCL
      if (tensor.is_cuda()) {
        operation(*gpu_, tensors)->wait();
        return;
      }
#endif
      tensors[0] = tensor.cpu();
      Await(*operation(*cpu_, tensors));
    } catch (const LostProcess&) {
      throw;
    } catch (const std::exception& error) {
      throw LostProcess("lost another process: " + OneLine(error));
    }
    if (!tensors[0].is_same(tensor)) tensor.copy_(tensors[0]);
  }

  void Await(c10d::Work& work) {
    const auto done = std::make_shared<std::promise<void>>();
    const std::future<void> end = done->get_future();
    work.getFuture()->addCallback([done](c10::ivalue::Future&) { done->set_value(); });
    while (end.wait_for(kLook) != std::future_status::ready) {
      const std::optional<int> lost = liveness_->Lost();
      if (!lost) continue;
      lost_ = true;
      throw LostProcess("lost process " + std::to_string(*lost) + " of " +
                        std::to_string(self_.world) + ": no sign of it");
    }
    work.wait();
  }

  Membership self_;
  StorePointer store_;
  c10::intrusive_ptr<Gloo> cpu_;
#ifdef USE_C10D_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> gpu_;
#endif
  std::optional<Liveness> liveness_;
  bool lost_ = false;
};

/// A world of one.
class NoCollective final : public SummingCollective {
 public:
  explicit NoCollective(const Membership& self) : self_(self) {}
  [[nodiscard]] const Membership& membership() const override { return self_; }
  void Sum(torch::Tensor& /*tensor*/) override {}
  void Broadcast(torch::Tensor& /*tensor*/) override {}

 private:
  Membership self_;
};

}  // namespace

Result<std::unique_ptr<Collective>> Collective::Join(const Membership& membership, double timeout_s,
                                                     double patience_s) {
  CNP_CHECK(membership.world > 0 && membership.rank >= 0 && membership.rank < membership.world,
            "a rank of the world");
  CNP_CHECK(timeout_s > 0 && patience_s > 0, "times to wait");
  if (membership.world == 1) {
    return std::unique_ptr<Collective>(std::make_unique<NoCollective>(membership));
  }
  const auto in_milliseconds = [](double s) { return milliseconds(std::llround(s * 1000)); };
  try {
    return std::unique_ptr<Collective>(std::make_unique<TorchCollective>(
        membership, in_milliseconds(timeout_s), in_milliseconds(patience_s)));
  } catch (const std::exception& error) {
    return Error{"process " + std::to_string(membership.rank) + " of " +
                 std::to_string(membership.world) + " did not meet the others at " +
                 membership.master + ":" + std::to_string(membership.port) + " within " +
                 std::to_string(std::lround(timeout_s)) + " s: " + OneLine(error)};
  }
}

}  // namespace cnp::train
