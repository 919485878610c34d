#pragma once

// What the control groups of this process allow it: containers are limited so. Infinite where nothing does.
namespace clip4j::control_group {

double cpus();
double memory_bytes();

}  // namespace clip4j::control_group
