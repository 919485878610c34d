#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

namespace clip4j::bench {

using Options = std::map<std::string, std::string>;

// Options NAME=VALUE, with defaults; ends the program where one is not known.
inline Options options(int argc, char** argv, Options defaults) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    const auto known = defaults.find(option.substr(0, option.find('=')));
    if (known == defaults.end()) {
      std::fprintf(stderr, "there is no option %s\n", argv[i]);
      std::exit(2);
    }
    known->second = option.substr(option.find('=') + 1);
  }
  return defaults;
}

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace clip4j::bench
