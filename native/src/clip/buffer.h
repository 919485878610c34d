#pragma once

#include "base/array.h"

namespace clip4j {

// What encoders compute with, in memory that counts.
using Buffer = Array<float>;

}  // namespace clip4j
