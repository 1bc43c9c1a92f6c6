# OpenCV's modules by component, as targets opencv_NAME. Debian keeps OpenCV's own CMake files in
# libopencv-dev, which pulls in every module and a desktop toolkit; the -dev packages of single
# modules come without, so they are found by header and library.
include(FindPackageHandleStandardArgs)
find_path(OpenCV_INCLUDE_DIR opencv2/core.hpp PATH_SUFFIXES opencv4)
set(needed OpenCV_INCLUDE_DIR)
foreach(module ${OpenCV_FIND_COMPONENTS})
  find_library(OpenCV_${module}_LIBRARY opencv_${module})
  list(APPEND needed OpenCV_${module}_LIBRARY)
endforeach()
find_package_handle_standard_args(OpenCV REQUIRED_VARS ${needed})
mark_as_advanced(${needed})
if(NOT OpenCV_FOUND)
  return()
endif()
foreach(module ${OpenCV_FIND_COMPONENTS})
  if(NOT TARGET opencv_${module})
    add_library(opencv_${module} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(opencv_${module} PROPERTIES
      IMPORTED_LOCATION ${OpenCV_${module}_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${OpenCV_INCLUDE_DIR})
  endif()
endforeach()
