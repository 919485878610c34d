# -DCLIP4J_SANITIZE=address,undefined or thread (the presets asan and tsan).
set(CLIP4J_SANITIZE "" CACHE STRING "Sanitizers, comma-separated")
if(CLIP4J_SANITIZE)
  target_compile_options(clip4j_options INTERFACE -fsanitize=${CLIP4J_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(clip4j_options INTERFACE -fsanitize=${CLIP4J_SANITIZE})
endif()
