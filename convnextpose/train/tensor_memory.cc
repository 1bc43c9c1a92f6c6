#include "convnextpose/train/tensor_memory.h"

#include <c10/core/CPUAllocator.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

namespace cnp::train {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kMostKept = std::size_t{1} << 30;

class Memory final : public c10::Allocator {
 public:
  [[nodiscard]] c10::DataPtr allocate(std::size_t bytes) const override {
    if (bytes == 0) return {nullptr, nullptr, &Free, c10::Device(c10::DeviceType::CPU)};
    void* const data = Take(Rounded(bytes));
    return {data, data, &Free, c10::Device(c10::DeviceType::CPU)};
  }
  [[nodiscard]] c10::DeleterFnPtr raw_deleter() const override { return &Free; }

  // LibTorch 2 asks for this, 1.13 does not know it: no `override`.
  void copy_data(void* to, const void* from, std::size_t bytes) const {
    std::memcpy(to, from, bytes);
  }

  static Memory& Only() {
    static auto* const only = new Memory;  // Tensors may outlive all that is static.
    return *only;
  }

 private:
  // In front of each piece, that it knows its size.
  struct alignas(kAlignment) Header {
    std::size_t bytes;
  };

  static std::size_t Rounded(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  [[nodiscard]] void* Take(std::size_t bytes) const {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = kept_.find(bytes);
      if (found != kept_.end() && !found->second.empty()) {
        Header* const header = found->second.back();
        found->second.pop_back();
        kept_bytes_ -= bytes;
        return header + 1;
      }
    }
    void* const memory = std::aligned_alloc(kAlignment, sizeof(Header) + bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) Header{bytes} + 1;
  }

  static void Free(void* data) {
    if (data == nullptr) return;
    Only().Keep(static_cast<Header*>(data) - 1);
  }

  void Keep(Header* header) {
    const std::scoped_lock lock(mutex_);
    if (kept_bytes_ + header->bytes > kMostKept) {
      for (auto& [bytes, pieces] : kept_) {
        for (Header* const piece : pieces) std::free(piece);
      }
      kept_.clear();
      kept_bytes_ = 0;
    }
    kept_[header->bytes].push_back(header);
    kept_bytes_ += header->bytes;
  }

  mutable std::mutex mutex_;
  mutable std::unordered_map<std::size_t, std::vector<Header*>> kept_;
  mutable std::size_t kept_bytes_ = 0;
};

}  // namespace

void KeepTensorMemory() { c10::SetCPUAllocator(&Memory::Only(), /*priority=*/1); }

}  // namespace cnp::train
