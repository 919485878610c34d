#include "store/verify.h"

#include <memory>

#include "base/error.h"
#include "store/segment.h"

namespace clip4j::store {
namespace {

// What is wrong, when that is not merely that there is no time left to look.
std::string problem_of(const Error& error) {
  if (error.status() == CLIP4J_SHUTTING_DOWN) throw error;
  return error.what();
}

// What is wrong with the segment's file.
std::vector<Finding> check(const Folder& folder, const Manifest::Segment& segment, const Schema& schema) {
  const std::string name = segment_name(segment.file.number);
  std::vector<Finding> findings;
  try {
    const auto no_memory = std::make_shared<Budget>(0);
    for (const std::string& problem :
         Segment(folder, segment.file, segment.rows, schema, no_memory).check()) {
      findings.push_back({name, problem});
    }
  } catch (const Error& e) {
    findings.push_back({name, problem_of(e)});
  }
  return findings;
}

bool was_replaced(const Folder& folder, const Manifest& manifest) {
  try {
    return read_manifest(folder).commit != manifest.commit;
  } catch (const Error&) {
    return true;  // and now it is broken, which the next look will say
  }
}

}  // namespace

std::vector<Finding> verify(const Folder& folder) {
  for (;;) {
    Manifest manifest;
    try {
      manifest = read_manifest(folder);
    } catch (const Error& e) {
      return {{kManifestName, problem_of(e)}};
    }
    std::vector<Finding> findings;
    for (const Manifest::Segment& segment : manifest.segments) {
      const std::vector<Finding> of_segment = check(folder, segment, manifest.schema);
      findings.insert(findings.end(), of_segment.begin(), of_segment.end());
    }
    // A writer may have removed files meanwhile.
    if (findings.empty() || !was_replaced(folder, manifest)) return findings;
  }
}

}  // namespace clip4j::store
