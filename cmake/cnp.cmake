# Compiler settings, and the functions that every folder uses:
#   cnp_module(NAME SOURCES a.cc b.cc DEPS x y LIBS lib)   the library cnp_NAME of convnextpose/NAME
#   cnp_test(NAME SOURCES a_test.cc LIBS cnp_x)            one GoogleTest program, known to ctest,
#                                                          under ENVIRONMENT A=1 if given
#   cnp_benchmark(NAME SOURCES a_bench.cc LIBS cnp_x)      one Google Benchmark program

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CNP_CCACHE ccache)
if(CNP_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CNP_CCACHE})
endif()

# Designated initialisers leave members at their defaults on purpose.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wvla -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 sees overlaps in std::string that are not there (GCC bug 105651).
  add_compile_options(-Wno-restrict)
endif()
if(CNP_WERROR)
  add_compile_options(-Werror)
endif()
if(CNP_SANITIZE)
  add_compile_options(-fsanitize=${CNP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CNP_SANITIZE})
endif()
if(CNP_BUILD_FUZZERS)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
# hwy: Debian's package brings pkg-config files only.
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)
find_package(nlohmann_json 3.11 REQUIRED)
if(CNP_BUILD_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(CNP_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

function(cnp_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  add_library(cnp_${name} STATIC ${ARG_SOURCES})
  target_include_directories(cnp_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
  list(TRANSFORM ARG_DEPS PREPEND cnp_)
  target_link_libraries(cnp_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_LIBS})
endfunction()

function(cnp_test name)
  if(NOT CNP_BUILD_TESTS OR NOT name MATCHES "${CNP_TESTS}")
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gtest_main GTest::gmock)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  # Tests find committed files under CNP_TESTDATA, and the optional shared data under CNP_SHARED
  # (skipping, with a word, where it is absent).
  target_compile_definitions(${name} PRIVATE
    CNP_TESTDATA="${PROJECT_SOURCE_DIR}/testdata" CNP_SHARED="${PROJECT_SOURCE_DIR}/../shared/data")
  if(ARG_ENVIRONMENT)
    list(PREPEND ARG_ENVIRONMENT ENVIRONMENT)
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 ${ARG_ENVIRONMENT})
endfunction()

function(cnp_benchmark name)
  if(NOT CNP_BUILD_BENCHMARKS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} benchmark::benchmark benchmark::benchmark_main)
endfunction()
