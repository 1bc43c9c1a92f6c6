#include "apps/cli/team.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "convnextpose/base/check.h"

#ifdef CNP_MPI
#include <mpi.h>
#endif

namespace cnp::cli {

struct Team::Shared {
  std::atomic<std::size_t> next{0};  // The leader's.
  std::size_t total = 0;
#ifdef CNP_MPI
  std::mutex mpi;      // Threads call MPI one at a time: it was asked for no more.
  std::thread server;  // The leader's: answers the others.
  std::vector<std::string> found;
  int local_size = 1;
#endif

  std::optional<std::size_t> Take(std::size_t count) {
    const std::size_t first = next.fetch_add(count);
    if (first >= total) return std::nullopt;
    return first;
  }
};

#ifndef CNP_MPI

Team::Team() : shared_(std::make_unique<Shared>()) {}
Team::~Team() = default;
int Team::Threads() const {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}
void Team::Barrier() {}
void Team::Abandon(int /*exit_code*/) const {}
void Team::Begin(std::size_t total) {
  shared_->next = 0;
  shared_->total = total;
}
std::optional<std::size_t> Team::Next(std::size_t count) { return shared_->Take(count); }
std::vector<std::string> Team::End(const std::string& /*found*/) { return {}; }

#else

namespace {

// Messages to the leader, and its answers.
constexpr int kAsk = 1;  // A number of items; answered by the first of them, or kNothing.
constexpr int kGive = 2;
constexpr int kFound = 3;  // What a member found: its last word.
constexpr std::uint64_t kNothing = ~std::uint64_t{0};

// Open MPI, MPICH (and Slurm, which speaks PMI) tell each process where it stands.
bool Launched() {
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

// MPI's own waiting takes a whole core.
template <typename Arrived>
void WaitFor(const Arrived& arrived) {
  while (!arrived()) std::this_thread::sleep_for(std::chrono::microseconds(200));
}

}  // namespace

Team::Team() : shared_(std::make_unique<Shared>()) {
  if (!Launched()) return;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  CNP_CHECK(provided >= MPI_THREAD_SERIALIZED, "this MPI cannot be called from several threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node);
  MPI_Comm_size(node, &shared_->local_size);
  MPI_Comm_free(&node);
}

Team::~Team() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized != 0) MPI_Finalize();
}

int Team::Threads() const {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::max(1, cores / shared_->local_size);
}

void Team::Barrier() {
  if (size_ > 1) MPI_Barrier(MPI_COMM_WORLD);
}

void Team::Abandon(int exit_code) const {
  if (size_ > 1) MPI_Abort(MPI_COMM_WORLD, exit_code);
}

void Team::Begin(std::size_t total) {
  shared_->next = 0;
  shared_->total = total;
  shared_->found.clear();
  if (size_ == 1 || !leads()) return;
  shared_->server = std::thread([this] {
    for (int waiting = size_ - 1; waiting > 0;) {
      MPI_Status status;
      WaitFor([&] {
        const std::scoped_lock lock(shared_->mpi);
        int arrived = 0;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &arrived, &status);
        return arrived != 0;
      });
      const std::scoped_lock lock(shared_->mpi);
      if (status.MPI_TAG == kAsk) {
        std::uint64_t count = 0;
        MPI_Recv(&count, 1, MPI_UINT64_T, status.MPI_SOURCE, kAsk, MPI_COMM_WORLD, &status);
        const std::uint64_t first = shared_->Take(count).value_or(kNothing);
        MPI_Send(&first, 1, MPI_UINT64_T, status.MPI_SOURCE, kGive, MPI_COMM_WORLD);
      } else {
        int bytes = 0;
        MPI_Get_count(&status, MPI_BYTE, &bytes);
        std::string found(bytes, '\0');
        MPI_Recv(found.data(), bytes, MPI_BYTE, status.MPI_SOURCE, kFound, MPI_COMM_WORLD, &status);
        shared_->found.push_back(std::move(found));
        --waiting;
      }
    }
  });
}

std::optional<std::size_t> Team::Next(std::size_t count) {
  if (leads()) return shared_->Take(count);
  const std::scoped_lock lock(shared_->mpi);
  const std::uint64_t asked = count;
  std::uint64_t first = kNothing;
  MPI_Send(&asked, 1, MPI_UINT64_T, 0, kAsk, MPI_COMM_WORLD);
  WaitFor([] {
    int arrived = 0;
    MPI_Iprobe(0, kGive, MPI_COMM_WORLD, &arrived, MPI_STATUS_IGNORE);
    return arrived != 0;
  });
  MPI_Recv(&first, 1, MPI_UINT64_T, 0, kGive, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  if (first == kNothing) return std::nullopt;
  return first;
}

std::vector<std::string> Team::End(const std::string& found) {
  if (size_ == 1) return {};
  if (!leads()) {
    CNP_CHECK(found.size() < (std::size_t{1} << 31), "more was found than one message takes");
    MPI_Send(found.data(), static_cast<int>(found.size()), MPI_BYTE, 0, kFound, MPI_COMM_WORLD);
    return {};
  }
  shared_->server.join();
  return std::move(shared_->found);
}

#endif

}  // namespace cnp::cli
