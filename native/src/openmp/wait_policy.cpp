// The whole of libclip4j_openmp, which is loaded before libgomp: libgomp reads its environment once, at load.
//
// By default its threads spin for milliseconds at every barrier. On a machine with other work to do that work
// then waits for them and they for it: with two busy neighbours on 2 cores (AVX512, the embedded model) one
// picture took 250 ms at the median, and 2.3 ms when they sleep; with the cores to themselves both took the
// same. A value that the user has set stays.
#include <cstdlib>

namespace {

[[maybe_unused]] const int chosen = setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);

}  // namespace
