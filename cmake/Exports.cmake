# export_c_abi(library): all that a shared library of ours shows are the functions of exports.map, and it lacks none it calls.
# It is never unloaded: its threads would lose their code.
function(export_c_abi library)
  set(map "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map")
  target_link_options(${library} PRIVATE "LINKER:--version-script=${map}" LINKER:--no-undefined LINKER:-z,relro,-z,now,-z,nodelete
    $<$<CONFIG:Release>:-s>)
  set_target_properties(${library} PROPERTIES SKIP_BUILD_RPATH ON LINK_DEPENDS "${map}")
endfunction()
