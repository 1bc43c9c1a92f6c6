#include <map>

#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/image/size.h"
#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/glb.h"
#include "convnextpose/synth/joint_rules.h"

namespace cnp::synth {
namespace {

constexpr int kWidestTexture = 8192;

Result<std::shared_ptr<const image::Image>> Texture(std::span<const std::byte> bytes,
                                                    const std::string& name) {
  const auto size = image::ReadSize(bytes);
  if (size.ok() && (size->width > kWidestTexture || size->height > kWidestTexture)) {
    return Error{name + ": a texture is wider or higher than " + std::to_string(kWidestTexture)};
  }
  CNP_ASSIGN(image::Image picture, image::Decode(bytes, name + ": texture"));
  return std::make_shared<const image::Image>(std::move(picture));
}

}  // namespace

Result<Body> ReadAvatar(const std::filesystem::path& path, const std::filesystem::path& joints_json,
                        const std::string& joint_table) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  CNP_ASSIGN(Glb glb, ParseGlb(file.bytes(), path.string()));
  CNP_ASSIGN(const MappedFile rules, MappedFile::Open(joints_json));
  const std::string_view text(reinterpret_cast<const char*>(rules.bytes().data()),
                              rules.bytes().size());
  Body body = std::move(glb.body);
  body.name = path.stem().string();
  CNP_ASSIGN(body.joints,
             ParseJointRules(text, joints_json.string(), joint_table, body.name, body.bones));
  std::map<const std::byte*, std::shared_ptr<const image::Image>> textures;
  for (std::size_t i = 0; i < body.surfaces.size(); ++i) {
    if (glb.pictures[i].empty()) continue;
    auto& texture = textures[glb.pictures[i].data()];
    if (texture == nullptr) {
      CNP_ASSIGN(texture, Texture(glb.pictures[i], path.string()));
    }
    body.surfaces[i].texture = texture;
  }
  return body;
}

}  // namespace cnp::synth
