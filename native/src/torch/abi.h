#pragma once

#include <cstddef>
#include <cstdint>

// The functions of libtorch's stable C ABI that we use, declared here because Bytedeco's jar has no headers.
// They are libtorch's own declarations (torch/csrc/inductor/aoti_torch/c/shim.h, shim_cpu.h and
// torch/csrc/stable/c/shim.h) as of 2.10, which later versions keep.
//
// Each returns 0, or prints a stack trace to stderr and returns something else: check everything that can be
// checked before a call. A handle that a function returns through a pointer is the caller's.
extern "C" {

struct AtenTensorOpaque;
using AtenTensorHandle = AtenTensorOpaque*;
struct StableListOpaque;
using StableListHandle = StableListOpaque*;
struct StringOpaque;
using StringHandle = StringOpaque*;
using StableIValue = uint64_t;

// Tensors.
int32_t aoti_torch_create_tensor_from_blob(void* data, int64_t dimensions, const int64_t* sizes,
                                           const int64_t* strides, int64_t storage_offset, int32_t dtype,
                                           int32_t device_type, int32_t device_index,
                                           AtenTensorHandle* result);
int32_t aoti_torch_empty_strided(int64_t dimensions, const int64_t* sizes, const int64_t* strides,
                                 int32_t dtype, int32_t device_type, int32_t device_index,
                                 AtenTensorHandle* result);
int32_t aoti_torch_empty_strided_pinned(int64_t dimensions, const int64_t* sizes, const int64_t* strides,
                                        int32_t dtype, int32_t device_type, int32_t device_index,
                                        AtenTensorHandle* result);
// A view of the tensor's storage; strides and offset in elements.
int32_t aoti_torch__reinterpret_tensor(AtenTensorHandle tensor, int64_t dimensions, const int64_t* sizes,
                                       const int64_t* strides, int64_t offset, AtenTensorHandle* result);
int32_t aoti_torch_copy_(AtenTensorHandle to, AtenTensorHandle from, int32_t non_blocking);
int32_t aoti_torch_new_tensor_handle(AtenTensorHandle tensor, AtenTensorHandle* result);
int32_t aoti_torch_delete_tensor_object(AtenTensorHandle tensor);
int32_t aoti_torch_get_data_ptr(AtenTensorHandle tensor, void** borrowed);
int32_t aoti_torch_get_dim(AtenTensorHandle tensor, int64_t* dimensions);
int32_t aoti_torch_get_sizes(AtenTensorHandle tensor, int64_t** borrowed);
int32_t aoti_torch_dtype_bfloat16();
int32_t aoti_torch_dtype_float16();
int32_t aoti_torch_dtype_float32();
int32_t aoti_torch_dtype_int64();
int32_t aoti_torch_dtype_uint8();
int32_t aoti_torch_device_type_cpu();
int32_t aoti_torch_device_type_cuda();

// Operations.
int32_t aoti_torch_cpu__linear_pointwise(AtenTensorHandle x, AtenTensorHandle packed_weight,
                                         AtenTensorHandle* bias, const char* activation,
                                         const double** scalars, int64_t scalar_count, const char** algorithm,
                                         AtenTensorHandle* result);
int32_t aoti_torch_cpu__linear_pointwise_binary(AtenTensorHandle x, AtenTensorHandle other,
                                                AtenTensorHandle packed_weight, AtenTensorHandle* bias,
                                                const char* operation, AtenTensorHandle* result);
int32_t aoti_torch_aten_subtract_Tensor(AtenTensorHandle a, AtenTensorHandle b, double factor_of_b,
                                        AtenTensorHandle* result);
// Calls an operation by name. The stack holds the arguments and then the results. A slot holds an int or a
// bool as it is, a double's bits, an owning handle of a tensor (the callee takes it), of a list or of a
// text, 0 for None, and for an optional with a value the address of a slot on the heap, which the callee
// frees.
int32_t torch_call_dispatcher(const char* operation, const char* overload, StableIValue* stack,
                              uint64_t version);
int32_t torch_new_list_reserve_size(size_t size, StableListHandle* result);
int32_t torch_list_push_back(StableListHandle list, StableIValue element);
int32_t torch_new_string_handle(const char* text, size_t length, StringHandle* result);

// The library, and the calling thread's part of its state.
uint64_t aoti_torch_abi_version();
void aoti_torch_grad_mode_set_enabled(bool enabled);
int32_t torch_get_num_threads(uint32_t* threads);
int32_t torch_get_thread_idx(uint32_t* thread);
int32_t torch_parallel_for(int64_t begin, int64_t end, int64_t grain_size,
                           void (*body)(int64_t begin, int64_t end, void* context), void* context);

// libgomp's, which libtorch and oneDNN take their thread count from; for the calling thread.
void omp_set_num_threads(int threads);

}  // extern "C"
