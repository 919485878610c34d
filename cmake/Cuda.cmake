# nvcc: the system's, where it knows the newest architecture we build for, else NVIDIA's wheels as cmake/cuda-compiler.txt
# pins them, unpacked into the build folder (110 MB to download, once).
#   clip4j_cuda_library(name source...)          a shared library that finds the driver, libcuda, when it is run
#   cuda_objects(result source...)               object files of .cu files, their names in `result`
#   link_cuda(name)                              for a target that has such
set(CLIP4J_CUDA_CODE "-gencode=arch=compute_80,code=[sm_80,compute_80]" "-gencode=arch=compute_90a,code=sm_90a"
    "-gencode=arch=compute_100a,code=sm_100a" CACHE STRING "What nvcc compiles for; PTX for later chips")
set(cuda_wheels "${CMAKE_CURRENT_SOURCE_DIR}/../build/cuda-compiler")

find_program(system_nvcc nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(system_nvcc)
  execute_process(COMMAND "${system_nvcc}" --list-gpu-arch OUTPUT_VARIABLE known_architectures ERROR_QUIET)
endif()
if(known_architectures MATCHES "compute_100")
  set(nvcc "${system_nvcc}")
else()
  set(nvcc "${cuda_wheels}/nvidia/cu13/bin/nvcc")
  set(pinned "${CMAKE_CURRENT_LIST_DIR}/cuda-compiler.txt")
  if(NOT EXISTS "${nvcc}" OR "${pinned}" IS_NEWER_THAN "${cuda_wheels}/complete")
    find_program(PYTHON python3 REQUIRED)
    message(STATUS "Fetching NVIDIA's compiler: ${pinned}")
    execute_process(COMMAND "${PYTHON}" -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --no-deps --require-hashes
      --upgrade --target "${cuda_wheels}" --requirement "${pinned}" COMMAND_ERROR_IS_FATAL ANY)
    file(TOUCH "${cuda_wheels}/complete")
  endif()
endif()
file(REAL_PATH "${nvcc}" nvcc)
cmake_path(GET nvcc PARENT_PATH cuda_root)
cmake_path(GET cuda_root PARENT_PATH cuda_root)
find_library(CUDART_STATIC cudart_static NO_DEFAULT_PATH REQUIRED PATHS "${cuda_root}"
             PATH_SUFFIXES lib64 lib targets/x86_64-linux/lib)

# --fmad=false: kernels compute the certificate as the CPU does, to the bit.
set(nvcc_options --std=c++20 -O3 --fmad=false --expt-relaxed-constexpr -Werror=all-warnings
    --compiler-options=-fPIC,-fvisibility=hidden,-Wall,-Wextra,-Werror,-ffp-contract=off
    "-I${CMAKE_CURRENT_SOURCE_DIR}/src" "-I${CMAKE_CURRENT_SOURCE_DIR}/include")

function(cuda_objects result)
  set(objects)
  foreach(source ${ARGN})
    cmake_path(GET source STEM stem)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${stem}.cuda.o")
    add_custom_command(OUTPUT "${object}"
      COMMAND "${nvcc}" ${nvcc_options} ${CLIP4J_CUDA_CODE} -MD -MF "${object}.d" -c -o "${object}"
              "${CMAKE_CURRENT_SOURCE_DIR}/${source}"
      DEPENDS "${source}" DEPFILE "${object}.d" COMMENT "nvcc ${source}" VERBATIM COMMAND_EXPAND_LISTS)
    list(APPEND objects "${object}")
  endforeach()
  set(${result} "${objects}" PARENT_SCOPE)
endfunction()

function(link_cuda name)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX SKIP_BUILD_RPATH ON)
  target_link_libraries(${name} PRIVATE "${CUDART_STATIC}" Threads::Threads ${CMAKE_DL_LIBS} rt)
endfunction()

function(clip4j_cuda_library name)
  cuda_objects(objects ${ARGN})
  add_library(${name} SHARED ${objects})
  link_cuda(${name})
  export_c_abi(${name})
endfunction()
