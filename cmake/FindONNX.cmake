# ONNX's messages as the target ONNX::proto, and its checker as ONNX::onnx. Debian's libonnx-dev
# brings no CMake files, and needs libprotobuf-dev without saying so.
include(FindPackageHandleStandardArgs)
pkg_check_modules(PROTOBUF IMPORTED_TARGET GLOBAL QUIET protobuf)
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h)
find_library(ONNX_PROTO_LIBRARY onnx_proto)
find_library(ONNX_LIBRARY onnx)
set(needed ONNX_INCLUDE_DIR ONNX_PROTO_LIBRARY ONNX_LIBRARY)
find_package_handle_standard_args(ONNX REQUIRED_VARS ${needed} PROTOBUF_FOUND)
mark_as_advanced(${needed})
if(ONNX_FOUND AND NOT TARGET ONNX::proto)
  add_library(ONNX::proto UNKNOWN IMPORTED GLOBAL)
  set_target_properties(ONNX::proto PROPERTIES
    IMPORTED_LOCATION ${ONNX_PROTO_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${ONNX_INCLUDE_DIR}
    INTERFACE_COMPILE_DEFINITIONS "ONNX_ML=1;ONNX_NAMESPACE=onnx"
    INTERFACE_LINK_LIBRARIES PkgConfig::PROTOBUF)
  add_library(ONNX::onnx UNKNOWN IMPORTED GLOBAL)
  set_target_properties(ONNX::onnx PROPERTIES
    IMPORTED_LOCATION ${ONNX_LIBRARY} INTERFACE_LINK_LIBRARIES ONNX::proto)
endif()
