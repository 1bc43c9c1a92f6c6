// Another engine in a process of its own, on the same network and pictures. How it is spoken to:
// tools/peers/README.md.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/cli/bench_runner.h"
#include "apps/cli/bench_subject.h"
#include "apps/cli/child_process.h"

namespace cnp::cli {

/// Those that are known, whether they are installed or not.
std::vector<std::string> PeerNames();

class Peer : public Runner {
 public:
  /// `folder` holds the peers' scripts. Precondition: `name` is one of PeerNames().
  /// Error: it is absent, with what installs it, or cannot run this network.
  static Result<std::unique_ptr<Peer>> Start(const std::string& name,
                                             const std::filesystem::path& folder,
                                             const BenchSubject& subject, int threads, int batch);

  Result<Turn> Run(int runs) override;
  [[nodiscard]] pid_t pid() const override { return process_->pid(); }

  /// Its version, and the settings that it found to be its fastest.
  [[nodiscard]] const std::string& about() const { return about_; }

 private:
  Peer() = default;
  Status Prepare(const BenchSubject& subject, int threads, int batch);

  std::string name_;
  std::string about_;
  std::unique_ptr<ChildProcess> process_;
  std::size_t coordinates_ = 0;  // How many it must answer with.
};

}  // namespace cnp::cli
