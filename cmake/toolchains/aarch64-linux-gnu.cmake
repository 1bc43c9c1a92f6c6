# 64-bit ARM on Debian: its cross compiler, its arm64 packages (tools/setup.sh arm), and qemu for the tests.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# Else pkg-config answers for this machine.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)

# With every extension that qemu knows, so that code for the newest machines runs too.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu max)
