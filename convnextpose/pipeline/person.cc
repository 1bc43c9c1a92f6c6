#include "convnextpose/pipeline/person.h"

namespace cnp::pipeline {

const char* ToString(DepthSource source) {
  return source == DepthSource::kGiven ? "given" : "bone-length";
}

double Person::confidence() const {
  double sum = 0;
  for (const Joint& joint : joints) sum += joint.confidence;
  return joints.empty() ? 0 : sum / static_cast<double>(joints.size());
}

}  // namespace cnp::pipeline
