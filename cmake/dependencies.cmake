# Debian packages: scripts/dependencies installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# Each shared library that is loaded costs every command start-up time (docs/decisions/start-up.md): what `minidock` and
# the shim need is linked from the archives that Debian ships. minidock_archive(<target> <libraries…>)
function(minidock_archive target)
  add_library(${target} INTERFACE)
  foreach(name ${ARGN})
    find_library(archive_${name} NAMES lib${name}.a REQUIRED)
    target_link_libraries(${target} INTERFACE ${archive_${name}})
  endforeach()
endfunction()

minidock_archive(sqlite sqlite3)
target_link_libraries(sqlite INTERFACE Threads::Threads m ${CMAKE_DL_LIBS})

# Debian has no archive of libmnl, the one shared library besides the C library's.
minidock_archive(netlink nl-route-3 nl-3 nftnl)
target_include_directories(netlink SYSTEM INTERFACE /usr/include/libnl3)
pkg_check_modules(mnl REQUIRED IMPORTED_TARGET libmnl)
target_link_libraries(netlink INTERFACE PkgConfig::mnl Threads::Threads m)

minidock_archive(libseccomp seccomp)

# Only in minidock-image.
pkg_check_modules(unpack REQUIRED IMPORTED_TARGET libarchive libisal libzstd libcrypto)
pkg_check_modules(transfer REQUIRED IMPORTED_TARGET libcurl libcrypto)

# fmt is compiled in: its shared library would be loaded at each start.
add_library(fmt_headers INTERFACE)
target_compile_definitions(fmt_headers INTERFACE FMT_HEADER_ONLY)
