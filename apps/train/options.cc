#include "apps/train/options.h"

#include <fmt/core.h>

#include <charconv>
#include <string_view>
#include <system_error>

#include "convnextpose/datasets/open.h"
#include "convnextpose/synth/assets.h"

namespace cnp::train_app {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose-train --synth --out run
      XS from scratch on rendered people out of nothing; watch run/plot.html
  convnextpose-train --synth --avatars synth/avatars --motions synth/motions --backgrounds synth/backgrounds \
      --data mpii:data/MPII --validate mpii:data/MPII --input 192:30,256:25 --out run
      rendered and real people, half of each batch; small pictures first
  convnextpose-train --data human36m/2:data/Human36M --data mpii:data/MPII --validate human36m/2:data/Human36M --out run
      the paper's own recipe
  convnextpose-train --continue --out run
      goes on where a run was cut off, with the options it was started with (run/config.toml)
  convnextpose-train --data mpii:data/MPII --init XS.safetensors --lr 1e-4 --epochs 5 --warmup 1 --out tuned
      another network to begin with
  convnextpose-train --config run/config.toml --lr 5e-4 --out run2
      the options of a file, but for some
  torchrun --no-python --nproc-per-node 8 convnextpose-train --device cuda --batch 256 --synth --out run
      processes that share each batch; Slurm's and Open MPI's variables are understood as well
In the folder --out: log.csv, plot.html, config.toml, state.safetensors (for --continue), snapshot_N.safetensors
(averaged weights: what to use) and snapshot_N.pth.tar (as the original code has them).
Exit code: 0 done, 1 something failed, 2 wrong usage, 3 stopped before the end, to be continued.)";

std::string Kinds() {
  std::string names;
  for (const datasets::DatasetKind& kind : datasets::DatasetKinds()) {
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  return names;
}

/// Options that are numbers from 0 up.
struct Numbers {
  CLI::App& app;
  const char* group;

  void operator()(const char* name, double& value, const char* help, double most) const {
    app.add_option(name, value, help)
        ->check(CLI::Range(0.0, most))
        ->capture_default_str()
        ->group(group);
  }
};

void RegisterData(CLI::App& app, TrainOptions& options) {
  constexpr const char* kGroup = "On what";
  app.add_option("--data", options.data,
                 "KIND:DIR, again and again: a labelled dataset's training pictures. KIND: " +
                     Kinds() + "; human36m/1 and human36m/2 are its protocols")
      ->group(kGroup);
  app.add_option("--subsample", options.subsample, "Every n-th frame of human36m; else 5")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--synth", options.synth, "People that are rendered on the way")->group(kGroup);
  app.add_option("--avatars", options.avatars,
                 "Folder of rigged people (.glb, joints.json); else they are made up")
      ->group(kGroup);
  app.add_option("--motions", options.motions, "Folder of motions (.bvh); else they are made up")
      ->group(kGroup);
  app.add_option("--backgrounds", options.backgrounds,
                 "Folder of pictures and panoramas; else they are painted")
      ->group(kGroup);
  app.add_option("--share", options.share,
                 "Which of these files are used, by their names: from and to, 0 to 1; what is left "
                 "can judge")
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--lift", options.lift,
               "Give people with 2-D joints depths, by how joints of --synth's people lie; two "
               "minutes once a run")
      ->group(kGroup);
  app.add_option("--lift-people", options.lift_people, "From how many people --lift learns")
      ->check(CLI::Range(1'000, 10'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--rendered-per-epoch", options.rendered_per_epoch,
                 "As how many people the rendered ones count")
      ->check(CLI::Range(1, 1'000'000'000))
      ->capture_default_str()
      ->group(kGroup);
}

void RegisterNetwork(CLI::App& app, TrainOptions& options) {
  constexpr const char* kGroup = "What is trained";
  app.add_option("--variant", options.variant,
                 "XS, S, M, L or a config.json; else that of --init, or XS")
      ->group(kGroup);
  app.add_option("--init", options.init, "Weights to begin with: a checkpoint in any form")
      ->group(kGroup);
  app.add_option("--input", options.input,
                 "Side of the input in pixels, or sizes with their epochs: 192:30,256:25")
      ->capture_default_str()
      ->group(kGroup);
}

void RegisterRecipe(CLI::App& app, TrainOptions& options) {
  constexpr const char* kGroup = "How (the paper's recipe)";
  train::Recipe& recipe = options.recipe;
  app.add_option("--batch", options.batch, "Pictures a step, of all processes together")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--epochs", options.epochs, "0: as --input says, else 70")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--optimizer", options.optimizer,
                 "adamw, or muon: learns quicker by step, not the paper's")
      ->check(CLI::IsMember({"adamw", "muon"}))
      ->capture_default_str()
      ->group(kGroup);
  const Numbers number = {app, kGroup};
  number("--lr", recipe.learning_rate, "Highest learning rate", 1e3);
  number("--final-lr", recipe.final_learning_rate, "At the end, after a half cosine", 1e3);
  number("--warmup", recipe.warmup_epochs, "Epochs in which the rate rises from 0", 1e6);
  number("--muon-momentum", recipe.muon_momentum, "In place of --beta1 where muon takes a step", 1);
  number("--beta1", recipe.beta1, "Of AdamW", 1);
  number("--beta2", recipe.beta2, "Of AdamW", 1);
  number("--weight-decay", recipe.weight_decay, "On all parameters", 1e3);
  number(
      "--marginal-loss", recipe.marginal_loss,
      "Times the cross-entropy of the heatmaps' columns, rows and depths, beside the paper's loss",
      1e3);
  number("--depth-weight", recipe.depth_weight,
         "Times the losses along z, beside those in the picture", 1e3);
  number("--drop-path", recipe.drop_path, "Of the last block", 0.99);
  number("--ema", recipe.ema_decay, "Of the averaged weights; 0: none", 1);
  app.add_option("--seed", recipe.seed, "All else follows from it")
      ->capture_default_str()
      ->group(kGroup);
}

void RegisterAugmentation(CLI::App& app, TrainOptions& options) {
  constexpr const char* kGroup = "How pictures are varied (the paper's ways)";
  train::Augmentation& augmentation = options.augmentation;
  const Numbers number = {app, kGroup};
  number("--scale", augmentation.scale, "Box, plus and minus this share", 0.9);
  number("--rotation", augmentation.rotation_degrees, "Degrees, one deviation of two at most", 180);
  number("--rotation-chance", augmentation.rotation_probability, "", 1);
  number("--flip-chance", augmentation.flip_probability, "", 1);
  number("--color", augmentation.color, "Of each channel, plus and minus this share", 1);
  number("--erase-chance", augmentation.erase_probability, "Of a rectangle of noise", 1);
  number("--erase-most", augmentation.max_erased, "Its area, as a share of the box", 1);
  number("--hide-head", augmentation.head_probability,
         "Chance that a cap, coarse squares or one colour hide the head, so that the body tells "
         "front from back",
         1);
  number("--shift", augmentation.shift, "Of the box, plus and minus this share of its side", 1);
}

void RegisterRun(CLI::App& app, TrainOptions& options) {
  constexpr const char* kGroup = "The run";
  app.add_option("--out,-o", options.out, "Folder for all that comes out")->group(kGroup);
  app.add_flag("--continue", options.continued,
               "Go on from the last saved state in --out, if there is one")
      ->configurable(false)
      ->group(kGroup);
  app.add_option("--save-every", options.save_every,
                 "State for --continue: 5min or 500steps; at the end of each epoch anyway")
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--keep", options.keep, "Snapshots to keep: the last ones, and the best")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--minutes", options.minutes,
                 "Save and stop after so long, to be continued; 0: never")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--validate", options.validate,
                 "KIND:DIR: its test pictures judge the averaged weights after each epoch; the "
                 "first one says which are best")
      ->group(kGroup);
  app.add_flag("--no-mirror", options.no_mirror,
               "Judge without averaging with the mirrored picture (flip test)")
      ->group(kGroup);
  app.add_option("--log-every", options.log_every, "Steps for a line of log.csv")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--device", options.recipe.device, "cpu or cuda")
      ->capture_default_str()
      ->group(kGroup);
  app.add_flag("--bf16", options.recipe.bfloat16,
               "Matrix products in bfloat16: quicker on cuda and on processors with AMX")
      ->group(kGroup);
  app.add_option("--threads", options.recipe.threads,
                 "Threads that compute; 0: OMP_NUM_THREADS, else all cores. One is quicker than "
                 "two on two cores that other programs use as well")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--feed-threads", options.feed_threads, "Threads that make pictures; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kGroup);
  app.add_option("--cache", options.cache_mb, "Megabytes of picture files to keep in memory")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str()
      ->group(kGroup);
  app.set_config("--config", "", "Options from a file (TOML); the command line overrides it")
      ->group(kGroup);
  app.add_flag("--print-config", options.print_config, "Show all options as such a file, and end")
      ->configurable(false)
      ->group(kGroup);
}

}  // namespace

void Register(CLI::App& app, TrainOptions& options) {
  RegisterData(app, options);
  RegisterNetwork(app, options);
  RegisterRecipe(app, options);
  RegisterAugmentation(app, options);
  RegisterRun(app, options);
  app.footer(kExamples);
}

Result<SaveInterval> ParseSaveEvery(const std::string& text) {
  const Error error{
      fmt::format("--save-every '{}': give minutes as 5min, or steps as 500steps", text)};
  double number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || !(number > 0) || number > 1e9) return error;
  const std::string_view unit(end, text.data() + text.size());
  if (unit == "min") return SaveInterval{.seconds = 60 * number};
  if (unit == "steps" && number >= 1) {
    return SaveInterval{.steps = static_cast<std::int64_t>(number)};
  }
  return error;
}

Status Check(const TrainOptions& options) {
  if (options.out.empty()) return Error{"give --out FOLDER"};
  if (options.data.empty() && !options.synth) {
    return Error{"give --data KIND:DIR or --synth: there is nobody to train on"};
  }
  if (!options.synth && !(options.avatars + options.motions + options.backgrounds).empty()) {
    return Error{"--avatars, --motions and --backgrounds are for --synth"};
  }
  if (options.lift && !options.synth) {
    return Error{"--lift learns from rendered people: give --synth as well"};
  }
  if (const auto share = synth::ParseShare(options.share); !share.ok()) {
    return share.error().In("--share");
  }
  return {};
}

}  // namespace cnp::train_app
