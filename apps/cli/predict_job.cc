#include "apps/cli/predict_job.h"

#include <fmt/core.h>

#include <exception>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include "apps/cli/command.h"
#include "apps/cli/outputs.h"
#include "apps/cli/progress.h"
#include "apps/cli/queue.h"
#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

// Decoded pictures that wait between two stages, and that are predicted together.
constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 20;

// A picture on its way through the stages: read, predicted, written.
struct Work {
  Result<Input> input;
  Result<image::Image> picture = Error{"not read"};
  Result<pipeline::PictureResult> result = Error{"not predicted"};

  [[nodiscard]] std::string name() const { return input.ok() ? input->path : "input"; }
  [[nodiscard]] std::size_t bytes() const {
    constexpr std::size_t kItself = 4096;  // What it holds beside pixels, roughly.
    return kItself + (picture.ok() ? picture->rgb.size() : 0);
  }
};
using Queued = Queue<std::unique_ptr<Work>>;

// What a stage throws (no memory left, a bug) costs its picture, not the program.
template <typename Stage>
auto Guarded(const std::string& name, const Stage& stage) -> decltype(stage()) {
  try {
    return stage();
  } catch (const std::bad_alloc&) {
    return Error{name + ": not enough memory; use smaller pictures or a smaller --batch"};
  } catch (const std::exception& error) {
    return Error{name + ": internal error: " + error.what() + "; please report it"};
  }
}

void ReadAll(const std::vector<Result<Input>>& inputs, Queued& read) {
  for (const Result<Input>& input : inputs) {
    auto work = std::make_unique<Work>(Work{.input = input});
    if (input.ok()) {
      work->picture = Guarded(input->path, [&] { return ReadPicture(*input); });
    } else {
      work->picture = input.error();
    }
    const std::size_t bytes = work->bytes();
    read.Push(std::move(work), bytes);
  }
  read.Close();
}

// Up to `count` pictures: waits for the first only, so that the network never idles for a batch.
std::vector<std::unique_ptr<Work>> TakeGroup(Queued& read, int count) {
  std::vector<std::unique_ptr<Work>> group;
  std::size_t bytes = 0;
  while (static_cast<int>(group.size()) < count && bytes < kMaxWaitingBytes) {
    auto work = group.empty() ? read.Pop() : read.TryPop();
    if (!work) break;
    bytes += (*work)->bytes();
    group.push_back(std::move(*work));
  }
  return group;
}

void Predict(const std::vector<pipeline::Subject>& subjects, pipeline::Predictor& predictor,
             std::vector<std::unique_ptr<Work>>& group) {
  std::vector<pipeline::PictureRequest> requests;
  std::vector<Work*> asking;
  for (const auto& work : group) {
    if (!work->picture.ok()) {
      work->result = work->picture.error();
      continue;
    }
    requests.push_back({work->picture->view(), subjects});
    asking.push_back(work.get());
  }
  using Results = std::vector<Result<pipeline::PictureResult>>;
  Result<Results> results =
      Guarded("the network", [&]() -> Result<Results> { return predictor.Predict(requests); });
  for (std::size_t i = 0; i < asking.size(); ++i) {
    if (!results.ok()) {
      asking[i]->result = results.error().In(asking[i]->name());
    } else if (!(*results)[i].ok()) {
      asking[i]->result = (*results)[i].error().In(asking[i]->name());
    } else {
      asking[i]->result = std::move((*results)[i]);
    }
  }
}

/// The last stage: one thread, so that output keeps the order of the inputs.
class Writer {
 public:
  explicit Writer(const PredictJob& job) : job_(job), progress_("predict", job.inputs.size()) {}

  void Run(Queued& predicted) {
    while (auto work = predicted.Pop()) {
      const Status status = Guarded((*work)->name(), [&] { return Write(**work); });
      if (!status.ok()) {
        progress_.Clear();
        Fail(status.error());
        ++failures_;
      }
      progress_.Advance();
    }
    if (!job_.json.empty() && job_.json != "-") {
      const Status status = WriteFileAtomically(job_.json, json_lines_);
      if (!status.ok()) {
        Fail(status.error());
        ++failures_;
      }
    }
  }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  Status Write(const Work& work) {
    if (!work.result.ok()) return work.result.error();
    const pipeline::PictureResult& result = *work.result;
    const std::string json =
        pipeline::ToJson(result, work.input->path, job_.model, *job_.joint_set);
    if (!job_.output_folder.empty()) {
      CNP_RETURN_IF_ERROR(WriteOutputs(job_.output_folder, work.input->stem, json, *work.picture,
                                       result, *job_.joint_set, job_.model.precision));
    }
    return Print(work.input->path, result, json);
  }

  Status Print(const std::string& path, const pipeline::PictureResult& result,
               const std::string& json) {
    std::string text;
    if (job_.json == "-") {
      text = json + "\n";
    } else {
      if (!job_.json.empty()) json_lines_ += json + "\n";
      if (job_.quiet) return {};
      progress_.Clear();
      text = path + ": " +
             (job_.inputs.size() == 1 ? JointTable(result, *job_.joint_set, job_.model.precision)
                                      : Summary(result) + "\n");
    }
    if (output_lost_) return {};
    // Flushed a picture at a time: someone may be reading at the other end of a pipe.
    cli::Print(text);
    Status flushed = FlushOutput();
    const bool has_files = !job_.output_folder.empty() || (!job_.json.empty() && job_.json != "-");
    if (ReaderIsGone() && !has_files) EndWithReader();
    output_lost_ = !flushed.ok();  // Told once; files are written all the same.
    return flushed;
  }

  const PredictJob& job_;
  Progress progress_;
  std::string json_lines_;
  bool output_lost_ = false;
  int failures_ = 0;
};

}  // namespace

int RunPredictJob(const PredictJob& job, pipeline::Predictor& predictor) {
  Queued read(kMaxWaitingBytes);
  Queued predicted(kMaxWaitingBytes);
  Writer writer(job);
  std::thread reader([&] { ReadAll(job.inputs, read); });
  std::thread writing([&] { writer.Run(predicted); });
  while (true) {
    auto group = TakeGroup(read, job.pictures_at_once);
    if (group.empty()) break;
    Predict(job.subjects, predictor, group);
    for (auto& work : group) {
      const std::size_t bytes = work->bytes();
      predicted.Push(std::move(work), bytes);
    }
  }
  predicted.Close();
  reader.join();
  writing.join();
  return writer.failures() == 0 ? kSuccess : kFailure;
}

}  // namespace cnp::cli
