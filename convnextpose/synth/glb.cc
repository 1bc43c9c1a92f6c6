#include "convnextpose/synth/glb.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "convnextpose/synth/glb_container.h"

namespace cnp::synth {
namespace {

using gltf::Accessor;
using gltf::Container;
using gltf::Field;
using gltf::Json;
using gltf::Number;

constexpr std::size_t kMostBones = 256;  // Hold's numbers are bytes.
constexpr std::size_t kMostNodes = 1 << 16;
constexpr std::size_t kMostSurfaces = 16;
constexpr std::size_t kMostVertices = 1 << 20;
constexpr std::size_t kMostIndices = 1 << 22;  // Of a surface.
constexpr std::size_t kLongestName = 256;
constexpr float kFarthest = 1000;  // Metres, or widths of a texture.

/// The skeleton: bones in an order with parents first, and each skin joint's bone.
struct Skeleton {
  std::vector<Bone> bones;
  std::vector<std::uint8_t> bone_of_joint;
};

std::string NameOf(const Json* object) {
  const Json* name = Field(object, "name");
  return name != nullptr && name->is_string() ? name->get<std::string>() : "";
}

std::optional<Eigen::Vector3f> Vector(const Accessor& from, std::size_t i) {
  const Eigen::Vector3f v(from.Value(i, 0), from.Value(i, 1), from.Value(i, 2));
  if (!(v.cwiseAbs().maxCoeff() < kFarthest)) return std::nullopt;
  return v.allFinite() ? std::optional(v) : std::nullopt;
}

// Nothing where it is no rigid motion.
std::optional<Eigen::Isometry3f> RigidMatrix(const Accessor& from, std::size_t i) {
  Eigen::Isometry3f matrix;
  for (int k = 0; k < 16; ++k) matrix.matrix()(k % 4, k / 4) = from.Value(i, k);
  if (!matrix.matrix().allFinite()) return std::nullopt;
  const Eigen::Matrix3f square = matrix.linear() * matrix.linear().transpose();
  const Eigen::RowVector4f last = matrix.matrix().row(3) - Eigen::RowVector4f(0, 0, 0, 1);
  const bool rigid = (square - Eigen::Matrix3f::Identity()).cwiseAbs().maxCoeff() < 1e-3F &&
                     matrix.linear().determinant() > 0 && last.cwiseAbs().maxCoeff() < 1e-3F &&
                     matrix.translation().cwiseAbs().maxCoeff() < kFarthest;
  return rigid ? std::optional(matrix) : std::nullopt;
}

// Of each node, its parent's number; -1: none, or more than the file may have.
Result<std::vector<int>> NodeParents(const Container& file) {
  const Json* nodes = Field(&file.json(), "nodes");
  if (nodes == nullptr || !nodes->is_array() || nodes->size() > kMostNodes) {
    return Error{"it has no nodes, or too many"};
  }
  std::vector<int> parents(nodes->size(), -1);
  for (std::size_t i = 0; i < nodes->size(); ++i) {
    const Json* children = Field(&(*nodes)[i], "children");
    if (children == nullptr) continue;
    for (const Json& child : *children) {
      const auto number = Number(&child);
      if (!number || *number >= parents.size() || parents[*number] >= 0) {
        return Error{"its nodes form no tree"};
      }
      parents[*number] = static_cast<int>(i);
    }
  }
  return parents;
}

// Of each joint of the skin, the joint that it hangs on (-1: none), and how deep it hangs.
struct Hierarchy {
  std::vector<int> parent;
  std::vector<int> depth;
};

Result<Hierarchy> ReadHierarchy(const std::vector<int>& node_parents,
                                const std::vector<std::size_t>& joints) {
  std::vector<int> joint_of_node(node_parents.size(), -1);
  for (std::size_t j = 0; j < joints.size(); ++j) joint_of_node[joints[j]] = static_cast<int>(j);
  Hierarchy hierarchy;
  for (const std::size_t joint : joints) {
    int parent = -1;
    int depth = 0;
    std::size_t steps = 0;
    for (int node = node_parents[joint]; node >= 0; node = node_parents[node]) {
      if (++steps > node_parents.size()) return Error{"its nodes form no tree"};
      if (joint_of_node[node] < 0) continue;
      if (parent < 0) parent = joint_of_node[node];
      ++depth;
    }
    hierarchy.parent.push_back(parent);
    hierarchy.depth.push_back(depth);
  }
  if (std::count(hierarchy.parent.begin(), hierarchy.parent.end(), -1) != 1) {
    return Error{"its skeleton has no root, or several"};
  }
  return hierarchy;
}

Result<std::vector<std::size_t>> ReadJoints(const Json* skin, std::size_t nodes) {
  const Json* list = Field(skin, "joints");
  if (list == nullptr || !list->is_array() || list->empty() || list->size() > kMostBones) {
    return Error{"its skin has no joints, or more than " + std::to_string(kMostBones)};
  }
  std::vector<std::size_t> joints;
  for (const Json& item : *list) {
    const auto node = Number(&item);
    if (!node || *node >= nodes) return Error{"a joint of its skin is no node"};
    if (std::find(joints.begin(), joints.end(), *node) != joints.end()) {
      return Error{"a node is two joints of its skin"};
    }
    joints.push_back(*node);
  }
  return joints;
}

Result<Skeleton> ReadSkeleton(const Container& file, const Json* skin) {
  CNP_ASSIGN(const auto node_parents, NodeParents(file));
  CNP_ASSIGN(const auto joints, ReadJoints(skin, node_parents.size()));
  CNP_ASSIGN(const Hierarchy hierarchy, ReadHierarchy(node_parents, joints));
  CNP_ASSIGN(const Accessor binds, file.Access(Field(skin, "inverseBindMatrices"), 16));
  if (binds.count < joints.size()) return Error{"joints without an inverse bind matrix"};

  std::vector<int> order(joints.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return hierarchy.depth[a] < hierarchy.depth[b]; });
  Skeleton skeleton;
  skeleton.bone_of_joint.resize(joints.size());
  for (const int joint : order) {
    skeleton.bone_of_joint[joint] = static_cast<std::uint8_t>(skeleton.bones.size());
    const Json number = joints[joint];
    const auto inverse_bind = RigidMatrix(binds, joint);
    if (!inverse_bind) return Error{"an inverse bind matrix scales, shears or is not finite"};
    Bone bone{NameOf(file.Element("nodes", &number)), -1, inverse_bind->inverse(), *inverse_bind};
    if (bone.name.size() > kLongestName) return Error{"a bone's name is too long"};
    if (const int parent = hierarchy.parent[joint]; parent >= 0) {
      bone.parent = skeleton.bone_of_joint[parent];
      bone.rest = skeleton.bones[bone.parent].inverse_bind * inverse_bind->inverse();
    }
    skeleton.bones.push_back(std::move(bone));
  }
  return skeleton;
}

Status AppendVertices(const Container& file, const Json* attributes, Body& body) {
  CNP_ASSIGN(const Accessor positions, file.Access(Field(attributes, "POSITION"), 3));
  CNP_ASSIGN(const Accessor normals, file.Access(Field(attributes, "NORMAL"), 3));
  CNP_ASSIGN(const Accessor places, file.Access(Field(attributes, "TEXCOORD_0"), 2));
  const std::size_t count = positions.count;
  if (normals.count != count || places.count != count) {
    return Error{"positions, normals and texture coordinates differ in number"};
  }
  if (count > kMostVertices - std::min(body.positions.size(), kMostVertices)) {
    return Error{"more than " + std::to_string(kMostVertices) + " vertices"};
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto position = Vector(positions, i);
    const auto normal = Vector(normals, i);
    const Eigen::Vector2f place(places.Value(i, 0), places.Value(i, 1));
    if (!position || !normal || !(place.cwiseAbs().maxCoeff() < kFarthest) || !place.allFinite()) {
      return Error{"vertex " + std::to_string(i) + " is not finite or far away"};
    }
    body.positions.push_back(*position);
    body.normals.push_back(normal->norm() > 1e-6F ? normal->normalized()
                                                  : Eigen::Vector3f::UnitY());
    body.texture_coordinates.push_back(place);
  }
  return {};
}

Result<Hold> ReadHold(const Accessor& joints, const Accessor& weights, std::size_t i,
                      const std::vector<std::uint8_t>& bone_of_joint) {
  Hold hold;
  float sum = 0;
  for (int k = 0; k < 4; ++k) {
    const float weight = weights.Value(i, k);
    const std::uint32_t joint = joints.Whole(i, k);
    if (!(weight >= 0 && weight <= 2)) return Error{"a weight is not between 0 and 1"};
    if (weight == 0) continue;
    if (joint >= bone_of_joint.size()) return Error{"a vertex hangs on a joint that is not there"};
    hold.bone[k] = bone_of_joint[joint];
    hold.weight[k] = weight;
    sum += weight;
  }
  if (!(sum > 0.01F)) return Error{"a vertex hangs on nothing"};
  for (float& weight : hold.weight) weight /= sum;
  return hold;
}

Status AppendHolds(const Container& file, const Json* attributes,
                   const std::vector<std::uint8_t>& bone_of_joint, Body& body) {
  CNP_ASSIGN(const Accessor joints, file.Access(Field(attributes, "JOINTS_0"), 4));
  CNP_ASSIGN(const Accessor weights, file.Access(Field(attributes, "WEIGHTS_0"), 4));
  const std::size_t count = body.positions.size() - body.holds.size();
  if (joints.count != count || weights.count != count) {
    return Error{"positions, joints and weights differ in number"};
  }
  if (joints.type == Accessor::Type::kFloat) return Error{"joints are not whole numbers"};
  for (std::size_t i = 0; i < count; ++i) {
    CNP_ASSIGN(const Hold hold, ReadHold(joints, weights, i, bone_of_joint));
    body.holds.push_back(hold);
  }
  return {};
}

Result<std::vector<std::uint32_t>> ReadIndices(const Container& file, const Json* primitive,
                                               std::size_t first, std::size_t vertices) {
  CNP_ASSIGN(const Accessor accessor, file.Access(Field(primitive, "indices"), 1));
  if (accessor.type == Accessor::Type::kFloat || accessor.count % 3 != 0 ||
      accessor.count > kMostIndices) {
    return Error{"its indices are no triangles, or too many"};
  }
  std::vector<std::uint32_t> indices;
  indices.reserve(accessor.count);
  for (std::size_t i = 0; i < accessor.count; ++i) {
    const std::uint32_t index = accessor.Whole(i, 0);
    if (index >= vertices) return Error{"a triangle has a corner that is not there"};
    indices.push_back(static_cast<std::uint32_t>(first + index));
  }
  return indices;
}

float ToSrgb(float linear) {
  return linear <= 0.0031308F ? 12.92F * linear : 1.055F * std::pow(linear, 1 / 2.4F) - 0.055F;
}

Surface::Kind KindOf(const std::string& material) {
  const auto names = [&](const char* word) { return material.find(word) != std::string::npos; };
  if (names("Hair") || names("hair")) return Surface::Kind::kHair;
  if (names("Skin") || names("skin")) return Surface::Kind::kSkin;
  if (names("Cloth") || names("cloth")) return Surface::Kind::kCloth;
  return Surface::Kind::kUnknown;
}

// The colour into `surface`; the bytes of the picture, if there is one.
Result<gltf::Bytes> ReadMaterial(const Container& file, const Json* index, Surface& surface) {
  const Json* material = file.Element("materials", index);
  surface.kind = KindOf(NameOf(material));
  const Json* look = Field(material, "pbrMetallicRoughness");
  const Json* factor = Field(look, "baseColorFactor");
  for (std::size_t k = 0; k < 3 && factor != nullptr; ++k) {
    if (!factor->is_array() || factor->size() != 4 || !(*factor)[k].is_number()) {
      return Error{"a material's colour is malformed"};
    }
    surface.color[k] = ToSrgb(std::clamp((*factor)[k].get<float>(), 0.0F, 1.0F));
  }
  const Json* picture = Field(look, "baseColorTexture");
  if (picture == nullptr) return gltf::Bytes();
  const Json* texture = file.Element("textures", Field(picture, "index"));
  const Json* image = file.Element("images", Field(texture, "source"));
  if (image == nullptr || Number(Field(picture, "texCoord")).value_or(0) != 0) {
    return Error{"a texture is missing or of a flavour that is not read"};
  }
  return file.View(Field(image, "bufferView"));
}

Status AppendPrimitive(const Container& file, const Json& primitive, const Skeleton& skeleton,
                       Glb& glb) {
  if (Number(Field(&primitive, "mode")).value_or(4) != 4) return Error{"only triangles are read"};
  if (glb.body.surfaces.size() >= kMostSurfaces) return Error{"too many primitives"};
  const std::size_t first = glb.body.positions.size();
  const Json* attributes = Field(&primitive, "attributes");
  CNP_RETURN_IF_ERROR(AppendVertices(file, attributes, glb.body));
  CNP_RETURN_IF_ERROR(AppendHolds(file, attributes, skeleton.bone_of_joint, glb.body));
  Surface surface;
  CNP_ASSIGN(surface.indices,
             ReadIndices(file, &primitive, first, glb.body.positions.size() - first));
  CNP_ASSIGN(const gltf::Bytes picture, ReadMaterial(file, Field(&primitive, "material"), surface));
  glb.body.surfaces.push_back(std::move(surface));
  glb.pictures.push_back(picture);
  return {};
}

Result<Glb> Read(std::span<const std::byte> bytes) {
  CNP_ASSIGN(const Container file, Container::Parse(bytes));
  const Json* skins = Field(&file.json(), "skins");
  if (skins == nullptr || !skins->is_array() || skins->size() != 1) {
    return Error{"it must have one skin: a mesh on a skeleton"};
  }
  CNP_ASSIGN(Skeleton skeleton, ReadSkeleton(file, &(*skins)[0]));
  Glb glb;
  for (const Json& node : file.json()["nodes"]) {
    if (Field(&node, "skin") == nullptr) continue;
    const Json* primitives = Field(file.Element("meshes", Field(&node, "mesh")), "primitives");
    if (primitives == nullptr || !primitives->is_array()) return Error{"a mesh is missing"};
    for (const Json& primitive : *primitives) {
      CNP_RETURN_IF_ERROR(AppendPrimitive(file, primitive, skeleton, glb));
    }
  }
  if (glb.body.positions.empty()) return Error{"no mesh hangs on its skin"};
  glb.body.bones = std::move(skeleton.bones);
  return glb;
}

}  // namespace

Result<Glb> ParseGlb(std::span<const std::byte> file, const std::string& name) {
  auto glb = Read(file);
  if (!glb.ok()) return glb.error().In(name);
  return glb;
}

}  // namespace cnp::synth
