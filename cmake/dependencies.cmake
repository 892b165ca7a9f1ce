# Debian packages: scripts/dependencies installs them.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(netlink REQUIRED IMPORTED_TARGET libnl-route-3.0 libnl-3.0 libnftnl libmnl)
pkg_check_modules(unpack REQUIRED IMPORTED_TARGET libarchive libisal libzstd libcrypto)
pkg_check_modules(transfer REQUIRED IMPORTED_TARGET libcurl libcrypto)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)

# fmt is compiled in: its shared library would be loaded at each start.
add_library(fmt_headers INTERFACE)
target_compile_definitions(fmt_headers INTERFACE FMT_HEADER_ONLY)
