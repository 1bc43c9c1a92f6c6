// People drawn as models see them: the worst for a page of `compare`, and a sheet of examples.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/eval/compare.h"

namespace cnp::cli {

struct PictureOptions {
  std::size_t count = 12;  ///< People, the worst first.
  std::string data;        ///< Folder of the dataset; empty: where the results say that it was.
};

/// One model's pose of one person beside the labelled one.
struct PosePicture {
  std::size_t model = 0;  ///< Of Comparison::models.
  std::vector<std::byte> jpeg;
};

struct PersonPictures {
  std::string about;               ///< What is not as it should be: "its picture is not there".
  std::vector<PosePicture> poses;  ///< None of a model that has no pose of this person.
};

struct WorstPictures {
  std::vector<PersonPictures> people;  ///< The first of Comparison::worst.
  std::vector<std::string> notes;      ///< Why nothing is shown, or not all.
};

/// Opens the dataset that the results are of. What is not there any more is told in the notes.
WorstPictures DrawWorst(const eval::Comparison& comparison, const PictureOptions& options);

/// A JPEG: `rows` people each of those that the first model reads best, middling and worst.
/// Error: nothing can be drawn, with the cause.
Result<std::vector<std::byte>> DrawExamples(const eval::Comparison& comparison, std::size_t rows,
                                            const std::string& data);

}  // namespace cnp::cli
