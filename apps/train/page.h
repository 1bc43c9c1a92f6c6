// plot.html: how a run goes, to keep open in a browser.
#pragma once

#include <string>
#include <vector>

#include "apps/train/log.h"

namespace cnp::train_app {

/// A page that stands alone and loads itself again. `title`: the run; `status`: a line on where it
/// is.
std::string PlotPage(const std::string& title, const std::string& status,
                     const std::vector<LogRow>& rows);

}  // namespace cnp::train_app
