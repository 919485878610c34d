#pragma once

// AMX on a CPU without it. An instruction that the CPU does not know raises SIGILL, whose handler does what
// the instruction should have done; so tests run the kernel as it was compiled, and only its speed is not
// seen. The encodings and what they do are those of Intel's Software Developer's Manual, volume 2.
namespace clip4j::search::test {

// From now on, in all threads. False where the CPU has not what a kernel for AMX needs beside it, or has AMX.
bool emulate_amx();

}  // namespace clip4j::search::test
