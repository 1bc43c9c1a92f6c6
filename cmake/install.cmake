# libconvnextpose: the modules that need no OpenCV, in one library with a CMake package.
# BUILD_SHARED_LIBS decides whether it is static or shared.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(CNP_CORE_MODULES base model checkpoint pose engine convert crop pipeline)
list(TRANSFORM CNP_CORE_MODULES REPLACE "(.+)" "$<TARGET_OBJECTS:cnp_\\1>"
  OUTPUT_VARIABLE CNP_CORE_OBJECTS)
add_library(convnextpose ${CNP_CORE_OBJECTS})
add_library(convnextpose::convnextpose ALIAS convnextpose)
set_target_properties(convnextpose PROPERTIES
  LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(convnextpose INTERFACE cxx_std_20)
target_include_directories(convnextpose INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(convnextpose PRIVATE Threads::Threads PkgConfig::HWY)
find_package(ZLIB QUIET)  # As checkpoint/ found it, but in its own scope.
if(ZLIB_FOUND)
  target_link_libraries(convnextpose PRIVATE ZLIB::ZLIB)
endif()

install(TARGETS convnextpose EXPORT convnextpose-targets)
foreach(folder base model checkpoint pose engine convert image pipeline)
  install(DIRECTORY convnextpose/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/convnextpose
    FILES_MATCHING PATTERN "*.h" PATTERN "*_test.h" EXCLUDE)
endforeach()
set(CNP_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/convnextpose)
install(EXPORT convnextpose-targets NAMESPACE convnextpose:: DESTINATION ${CNP_PACKAGE_FOLDER})
configure_package_config_file(cmake/convnextpose-config.cmake.in convnextpose-config.cmake
  INSTALL_DESTINATION ${CNP_PACKAGE_FOLDER})
write_basic_package_version_file(convnextpose-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${CMAKE_CURRENT_BINARY_DIR}/convnextpose-config.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/convnextpose-config-version.cmake
  DESTINATION ${CNP_PACKAGE_FOLDER})
