#include "convnextpose/train/collective.h"

#include <chrono>
#include <vector>

#include "convnextpose/train/sum.h"

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO  // Else the header is empty; Debian's CMake files define it, others may not.
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#pragma GCC diagnostic pop
// clang-format on

namespace cnp::train {
namespace {

using Milliseconds = std::chrono::milliseconds;

class TorchCollective final : public SummingCollective {
 public:
  TorchCollective(const Membership& self, Milliseconds timeout) : self_(self) {
    c10d::TCPStoreOptions options;
    options.port = static_cast<std::uint16_t>(self.port);
    options.isServer = self.rank == 0;
    options.numWorkers = static_cast<std::size_t>(self.world);
    options.timeout = timeout;
    store_ = c10::make_intrusive<c10d::TCPStore>(self.master, options);
    auto gloo = c10d::ProcessGroupGloo::Options::create(timeout);
    // The address that reaches the master is the one that the others reach; loopback on one
    // machine.
    gloo->devices.push_back(self.master == "127.0.0.1" || self.master == "localhost"
                                ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                : c10d::ProcessGroupGloo::createDefaultDevice());
    gloo->threads = 2;
    cpu_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::PrefixStore>("cpu", store_), self.rank, self.world, gloo);
#ifdef USE_C10D_NCCL
    if (at::globalContext().hasCUDA()) {
      auto nccl = c10d::ProcessGroupNCCL::Options::create();
      nccl->timeout = timeout;
      gpu_ = c10::make_intrusive<c10d::ProcessGroupNCCL>(
          c10::make_intrusive<c10d::PrefixStore>("gpu", store_), self.rank, self.world, nccl);
    }
#endif
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
#ifdef USE_C10D_NCCL
    if (tensor.is_cuda() && gpu_) {
      operation(*gpu_, tensors)->wait();
      return;
    }
#endif
    tensors[0] = tensor.cpu();
    operation(*cpu_, tensors)->wait();
    if (!tensors[0].is_same(tensor)) tensor.copy_(tensors[0]);
  }

  Membership self_;
  c10::intrusive_ptr<c10d::TCPStore> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> cpu_;
#ifdef USE_C10D_NCCL
  c10::intrusive_ptr<c10d::ProcessGroupNCCL> gpu_;
#endif
};

}  // namespace

Result<std::unique_ptr<Collective>> Collective::Join(const Membership& membership,
                                                     double timeout_s) {
  CNP_CHECK(membership.world > 0 && membership.rank >= 0 && membership.rank < membership.world,
            "a rank of the world");
  const Milliseconds timeout(static_cast<std::int64_t>(timeout_s * 1000));
  try {
    return std::unique_ptr<Collective>(std::make_unique<TorchCollective>(membership, timeout));
  } catch (const std::exception& error) {
    const std::string text = error.what();
    return Error{"process " + std::to_string(membership.rank) + " of " +
                 std::to_string(membership.world) + " did not meet the others at " +
                 membership.master + ":" + std::to_string(membership.port) + " within " +
                 std::to_string(static_cast<int>(timeout_s)) +
                 " s: " + text.substr(0, text.find('\n'))};
  }
}

}  // namespace cnp::train
