// The 3-D pose of the person in a binary PPM picture, with libconvnextpose alone:
//   pose_of_ppm CHECKPOINT PICTURE.ppm
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/pipeline/predictor.h"

using namespace cnp;  // NOLINT(google-build-using-namespace): an example reads better so

static image::Image ReadPpm(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int maximum = 0;
  image::Image picture;
  file >> magic >> picture.width >> picture.height >> maximum;
  const bool sane =
      picture.width > 0 && picture.height > 0 && picture.width < 20000 && picture.height < 20000;
  if (magic != "P6" || maximum != 255 || !sane) return {};
  file.get();
  picture.rgb.resize(std::size_t{3} * picture.width * picture.height);
  file.read(reinterpret_cast<char*>(picture.rgb.data()),
            static_cast<std::streamsize>(picture.rgb.size()));
  return file ? picture : image::Image{};
}

int main(int argc, char** argv) {
  if (argc != 3) return std::puts("usage: pose_of_ppm CHECKPOINT PICTURE.ppm"), 2;
  const auto loaded = convert::LoadNetwork(argv[1]);  // Any form, any variant.
  if (!loaded.ok()) return std::cerr << loaded.error().message << '\n', 1;
  const image::Image picture = ReadPpm(argv[2]);
  if (picture.rgb.empty()) return std::cerr << argv[2] << ": not a binary PPM\n", 1;

  const auto folded = convert::FoldBatchNorm(model::Layers(loaded->spec), loaded->weights);
  const engine::Network network(folded.layers, folded.weights);
  ThreadPool pool;
  const pose::JointSet* set = pose::JointSetOfSize(network.joints());
  if (set == nullptr) return std::cerr << "no skeleton of so many joints is known\n", 1;
  pipeline::Predictor predictor(network, *set, pool, {.flip_test = true});

  const pipeline::PictureRequest request{picture.view(), {}};  // No box: it is searched for.
  const auto result = std::move(predictor.Predict({&request, 1}).front());
  if (!result.ok()) return std::cerr << result.error().message << '\n', 1;
  if (!result->note.empty()) std::puts(result->note.c_str());
  for (const pipeline::Person& person : result->people) {
    for (int j = 0; j < set->size(); ++j) {
      const auto [x, y, z] = person.joints[j].camera_mm;
      std::printf("%-12s %8.0f %8.0f %8.0f mm\n", set->joints[j].data(), x, y, z);
    }
  }
  return 0;
}
