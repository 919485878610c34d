#pragma once

// AMX on a CPU without it. An instruction that the CPU does not know raises SIGILL, whose handler does what
// the instruction should have done; so tests run kernels as they were compiled, and only their speed is not
// seen. The encodings and what they do are those of Intel's Software Developer's Manual, volume 2.
namespace clip4j::test {

// Whether kernels for AMX run here. On a CPU without it they do from now on, in all threads; false where the
// CPU has not what they need beside it, or CLIP4J_CPU forbids it.
bool runs_amx();

}  // namespace clip4j::test
