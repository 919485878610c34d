#pragma once

#include "base/accounting.h"
#include "search/search.h"

// Every function that searches fills one of these.
struct clip4j_hits {
  clip4j::CountedHandle handle;
  clip4j::search::Hits hits;
};
