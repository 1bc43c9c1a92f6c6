// The processes that share a piece of work: this one alone, or those that mpirun started (where the
// program is built with MPI).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cnp::cli {

/// Rank 0 leads: it hands out the work and gets what the others found. All members call the same
/// functions in the same order. One of them that dies takes all with it: mpirun ends the job.
class Team {
 public:
  /// Joins the processes that mpirun started with this one, if it did.
  Team();
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] bool leads() const { return rank_ == 0; }
  /// Threads for this process where nobody says: the machine's cores, shared with the members on
  /// it.
  [[nodiscard]] int Threads() const;

  /// Nobody goes on before all are here.
  void Barrier();
  /// Ends all members at once: one of them cannot go on. Does not return where there are others.
  void Abandon(int exit_code) const;

  /// Begins to hand out the numbers from 0 to `total`.
  void Begin(std::size_t total);
  /// The first of the next `count` numbers, which nobody else gets; nothing: all are taken.
  /// Thread-safe.
  std::optional<std::size_t> Next(std::size_t count);
  /// Ends it: the leader waits for all others and gets what each of them found, in any order; they
  /// get nothing. Call it when no thread of this process asks any more.
  std::vector<std::string> End(const std::string& found);

 private:
  struct Shared;  // What MPI needs.
  int rank_ = 0;
  int size_ = 1;
  std::unique_ptr<Shared> shared_;
};

}  // namespace cnp::cli
