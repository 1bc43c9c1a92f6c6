#include "apps/cli/predict_job.h"

#include <fmt/core.h>

#include <memory>
#include <thread>
#include <utility>

#include "apps/cli/command.h"
#include "apps/cli/outputs.h"
#include "apps/cli/progress.h"
#include "apps/cli/queue.h"
#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

// A picture on its way through the stages: read, predicted, written.
struct Work {
  Result<Input> input;
  Result<image::Image> picture = Error{"not read"};
  Result<pipeline::PictureResult> result = Error{"not predicted"};
};

void ReadAll(const std::vector<Result<Input>>& inputs, Queue<std::unique_ptr<Work>>& read) {
  for (const Result<Input>& input : inputs) {
    auto work = std::make_unique<Work>(Work{.input = input});
    if (input.ok()) {
      work->picture = ReadPicture(*input);
    } else {
      work->picture = input.error();
    }
    read.Push(std::move(work));
  }
  read.Close();
}

// Up to `count` pictures: waits for the first only, so that the network never idles for a batch.
std::vector<std::unique_ptr<Work>> TakeGroup(Queue<std::unique_ptr<Work>>& read, int count) {
  std::vector<std::unique_ptr<Work>> group;
  while (static_cast<int>(group.size()) < count) {
    auto work = group.empty() ? read.Pop() : read.TryPop();
    if (!work) break;
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
  std::vector<Result<pipeline::PictureResult>> results = predictor.Predict(requests);
  for (std::size_t i = 0; i < asking.size(); ++i) {
    asking[i]->result =
        results[i].ok() ? std::move(results[i]) : results[i].error().In(asking[i]->input->path);
  }
}

/// The last stage: one thread, so that output keeps the order of the inputs.
class Writer {
 public:
  explicit Writer(const PredictJob& job) : job_(job), progress_("predict", job.inputs.size()) {}

  void Run(Queue<std::unique_ptr<Work>>& predicted) {
    while (auto work = predicted.Pop()) {
      const Status status = Write(**work);
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
                                       result, *job_.joint_set));
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
      text =
          path + ": " +
          (job_.inputs.size() == 1 ? JointTable(result, *job_.joint_set) : Summary(result) + "\n");
    }
    if (output_lost_) return {};
    // Flushed a picture at a time: someone may be reading at the other end of a pipe.
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      output_lost_ = true;  // Told once; files are written all the same.
      return Error{"standard output: cannot write: the disk is full or the reader has gone"};
    }
    return {};
  }

  const PredictJob& job_;
  Progress progress_;
  std::string json_lines_;
  bool output_lost_ = false;
  int failures_ = 0;
};

}  // namespace

int RunPredictJob(const PredictJob& job, pipeline::Predictor& predictor) {
  const auto ahead = 2 * static_cast<std::size_t>(job.pictures_at_once);
  Queue<std::unique_ptr<Work>> read(ahead);
  Queue<std::unique_ptr<Work>> predicted(ahead);
  Writer writer(job);
  std::thread reader([&] { ReadAll(job.inputs, read); });
  std::thread writing([&] { writer.Run(predicted); });
  while (true) {
    auto group = TakeGroup(read, job.pictures_at_once);
    if (group.empty()) break;
    Predict(job.subjects, predictor, group);
    for (auto& work : group) predicted.Push(std::move(work));
  }
  predicted.Close();
  reader.join();
  writing.join();
  return writer.failures() == 0 ? kSuccess : kFailure;
}

}  // namespace cnp::cli
