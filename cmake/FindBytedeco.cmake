# Finds the libraries inside Bytedeco's jars, as native/pom.xml unpacks them:
#   Bytedeco::torch   libtorch_cpu and libgomp; no headers, we declare its stable C ABI ourselves
#   Bytedeco::opencv  core, imgproc, imgcodecs and their headers
# BYTEDECO_DIR is the folder with org/bytedeco/..., BYTEDECO_PLATFORM the classifier.
set(BYTEDECO_DIR "${CMAKE_CURRENT_SOURCE_DIR}/../build/bytedeco" CACHE PATH "Where Bytedeco's jars are unpacked")
set(BYTEDECO_PLATFORM "linux-x86_64" CACHE STRING "Bytedeco's name of the platform")
set(bytedeco_root "${BYTEDECO_DIR}/org/bytedeco")

find_library(BYTEDECO_TORCH NAMES torch_cpu PATHS "${bytedeco_root}/pytorch/${BYTEDECO_PLATFORM}" NO_DEFAULT_PATH)
find_file(BYTEDECO_GOMP NAMES libgomp.so.1 libgomp.1.dylib PATHS "${bytedeco_root}/pytorch/${BYTEDECO_PLATFORM}"
          NO_DEFAULT_PATH)
find_path(BYTEDECO_OPENCV_INCLUDE opencv2/imgcodecs.hpp
          PATHS "${bytedeco_root}/opencv/${BYTEDECO_PLATFORM}/include" NO_DEFAULT_PATH)
foreach(part core imgproc imgcodecs)
  find_file(BYTEDECO_OPENCV_${part}
            NAMES libopencv_${part}.so.413 libopencv_${part}.413.dylib
            PATHS "${bytedeco_root}/opencv/${BYTEDECO_PLATFORM}" NO_DEFAULT_PATH)
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Bytedeco
  REQUIRED_VARS BYTEDECO_TORCH BYTEDECO_GOMP BYTEDECO_OPENCV_INCLUDE BYTEDECO_OPENCV_core BYTEDECO_OPENCV_imgproc
                BYTEDECO_OPENCV_imgcodecs
  REASON_FAILURE_MESSAGE "Unpack the jars first: mvn generate-sources (in native/) puts them into build/bytedeco.")

# What these libraries need in turn lies in three folders; the linker has to see it, our libraries must not record it.
set(bytedeco_folders "${bytedeco_root}/pytorch/${BYTEDECO_PLATFORM}" "${bytedeco_root}/opencv/${BYTEDECO_PLATFORM}"
    "${bytedeco_root}/openblas/${BYTEDECO_PLATFORM}")
list(JOIN bytedeco_folders ":" bytedeco_rpath_link)
if(Bytedeco_FOUND AND NOT TARGET Bytedeco::torch)
  add_library(Bytedeco::torch INTERFACE IMPORTED)
  target_link_libraries(Bytedeco::torch INTERFACE "${BYTEDECO_TORCH}" "${BYTEDECO_GOMP}")
  target_link_options(Bytedeco::torch INTERFACE "LINKER:-rpath-link,${bytedeco_rpath_link}")
  add_library(Bytedeco::opencv INTERFACE IMPORTED)
  target_include_directories(Bytedeco::opencv SYSTEM INTERFACE "${BYTEDECO_OPENCV_INCLUDE}")
  target_link_libraries(Bytedeco::opencv INTERFACE "${BYTEDECO_OPENCV_core}" "${BYTEDECO_OPENCV_imgproc}"
                        "${BYTEDECO_OPENCV_imgcodecs}")
  target_link_options(Bytedeco::opencv INTERFACE "LINKER:-rpath-link,${bytedeco_rpath_link}")
endif()
