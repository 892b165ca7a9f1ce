# minidock_folder(<folder> DEPENDS <targets…> [RECURSE <folders…>])
# A static library named after the folder (slashes become underscores) from its *.cc files; DEPENDS takes folders or
# other targets.
function(minidock_folder folder)
  cmake_parse_arguments(ARG "" "" "DEPENDS;RECURSE" ${ARGN})
  string(REPLACE "/" "_" target ${folder})
  set(patterns ${CMAKE_SOURCE_DIR}/${folder}/*.cc)
  foreach(inner ${ARG_RECURSE})
    list(APPEND patterns ${CMAKE_SOURCE_DIR}/${inner}/*.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  foreach(dependency ${ARG_DEPENDS})
    string(REPLACE "/" "_" dependency_target ${dependency})
    target_link_libraries(${target} PUBLIC ${dependency_target})
  endforeach()
  minidock_precompiled_headers(${target})
endfunction()

# The headers that every file pays for otherwise: a one-file change then rebuilds in seconds. They are compiled once, for
# `base`, which every target depends on and whose flags all share.
function(minidock_precompiled_headers target)
  if(target STREQUAL base)
    target_precompile_headers(base PRIVATE <algorithm> <map> <memory> <optional> <string> <string_view> <vector>
                              <fmt/format.h> <nlohmann/json.hpp>)
  else()
    target_precompile_headers(${target} REUSE_FROM base)
  endif()
endfunction()
