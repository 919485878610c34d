# clip4j_options: what every target of ours is compiled with.
add_library(clip4j_options INTERFACE)
target_compile_options(clip4j_options INTERFACE
  -Wall -Wextra -Werror -Wshadow=local -Wnon-virtual-dtor -Wcast-align -Wpedantic
  # GCC 12 sees overlaps in "text" + std::string() that are none (its bug 105651); clang does not know the warning.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # Pillow's resampling and the float64 rescoring are defined operation by operation: never fuse a multiply-add.
  -ffp-contract=off
  -ffunction-sections -fdata-sections -fstack-protector-strong)
