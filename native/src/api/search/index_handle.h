#pragma once

#include <memory>
#include <utility>

#include "api/arguments.h"
#include "base/accounting.h"
#include "clip4j_search.h"
#include "store/index.h"

// What a clip4j_index* points to.
struct clip4j_index {
  explicit clip4j_index(std::unique_ptr<clip4j::store::Index> index) : index(std::move(index)) {}

  std::unique_ptr<clip4j::store::Index> index;
  clip4j::CountedHandle counted;
};

namespace clip4j {

// What the functions that search are called with.
struct SearchArguments {
  const float* queries;
  int32_t query_count;
  const clip4j_request* request;
  clip4j_hits* hits;
  clip4j_found* found;
};
// On `gpu`, a copy of the snapshot, or where it is null on the CPU.
void search_snapshot(const store::Snapshot& snapshot, const search::GpuIndex* gpu,
                     const SearchArguments& arguments);

// Checks what can be checked without knowing the index.
store::Ids ids_of(const clip4j_ids& ids);

}  // namespace clip4j
