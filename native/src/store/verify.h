#pragma once

#include <string>
#include <vector>

#include "store/file.h"

namespace clip4j::store {

struct Finding {
  std::string file;     // its name in the folder
  std::string problem;  // in words
};

// Reads everything that the folder's index consists of and checks it; finds every flipped bit and every
// missing byte.
std::vector<Finding> verify(const Folder& folder);

}  // namespace clip4j::store
