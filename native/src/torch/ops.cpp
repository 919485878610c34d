#include "torch/ops.h"

#include <array>
#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/exit_gate.h"
#include "torch/stack.h"

namespace clip4j::torch {
namespace {

bool linear_fits(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  const Sizes rows = x.sizes(), outputs = weight.sizes();
  return rows.size() == 2 && outputs.size() == 2 && rows[1] == outputs[1] &&
         (!bias || (bias.sizes().size() == 1 && bias.sizes()[0] == outputs[0]));
}

const char* name(Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return "swish";
    case Activation::kGelu:
    case Activation::kGeluTanh:
      return "gelu";
    case Activation::kNone:
      break;
  }
  return "none";
}

// Of gelu there are two.
const char* algorithm(Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return "none";
    case Activation::kGeluTanh:
      return "tanh";
    case Activation::kSilu:
    case Activation::kNone:
      break;
  }
  return nullptr;
}

bool run_everything_once() {
  const std::array<float, 4> values{1, 2, 3, 4};
  const Tensor x = Tensor::from_blob(values.data(), {2, 2}), bias = Tensor::from_blob(values.data(), {2});
  const Tensor packed = pack_linear(x);
  for (const Activation activation :
       {Activation::kNone, Activation::kSilu, Activation::kGelu, Activation::kGeluTanh}) {
    linear(x, packed, bias, activation);
  }
  layer_norm(linear_add(x, packed, bias, x), bias, bias, 1e-5);
  parallel_for(thread_count(), [](int64_t, int64_t) {});
  exit_gate::guard();
  return true;
}

}  // namespace

Tensor pack_linear(const Tensor& weight) {
  require(weight.sizes().size() == 2, "pack_linear", weight);
  // No row count: the layout that oneDNN prefers must not depend on a guess.
  std::array<StableIValue, 2> stack{slot(weight), 0};
  check(call_dispatcher("mkldnn::_reorder_linear_weight", "", stack.data()), "pack_linear", weight);
  return take(stack[0]);
}

Tensor linear(const Tensor& x, const Tensor& packed_weight, const Tensor& bias, Activation activation) {
  require(linear_fits(x, packed_weight, bias), "linear", x, packed_weight);
  AtenTensorHandle bias_handle = bias.handle(), result = nullptr;
  const char* variant = algorithm(activation);
  check(aoti_torch_cpu__linear_pointwise(x.handle(), packed_weight.handle(), bias ? &bias_handle : nullptr,
                                         name(activation), nullptr, 0,
                                         variant != nullptr ? &variant : nullptr, &result),
        "linear", x, packed_weight);
  return Tensor(result);
}

Tensor linear_add(const Tensor& x, const Tensor& packed_weight, const Tensor& bias, const Tensor& residual) {
  require(linear_fits(x, packed_weight, bias) && residual.sizes().size() == 2 &&
              residual.sizes()[0] == x.sizes()[0] && residual.sizes()[1] == packed_weight.sizes()[0],
          "linear_add", x, packed_weight, residual);
  AtenTensorHandle bias_handle = bias.handle(), result = nullptr;
  check(aoti_torch_cpu__linear_pointwise_binary(x.handle(), residual.handle(), packed_weight.handle(),
                                                bias ? &bias_handle : nullptr, "add", &result),
        "linear_add", x, packed_weight, residual);
  return Tensor(result);
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon) {
  const Sizes sizes = x.sizes();
  require(sizes.size() == 2 && weight.sizes().size() == 1 && weight.sizes()[0] == sizes[1] &&
              bias.sizes().size() == 1 && bias.sizes()[0] == sizes[1],
          "layer_norm", x, weight, bias);
  std::array<StableIValue, 6> stack{
      slot(x),       list_slot(sizes.last(1)), optional_slot(weight), optional_slot(bias),
      slot(epsilon), /*cudnn_enable=*/0};
  check(call_dispatcher("aten::layer_norm", "", stack.data()), "layer_norm", x, weight, bias);
  return take(stack[0]);
}

void parallel_for(int64_t count, const std::function<void(int64_t, int64_t)>& body) {
  const auto run = [](int64_t begin, int64_t end, void* context) {
    uint32_t thread = 0;
    torch_get_thread_idx(&thread);
    const auto& call = *static_cast<const std::function<void(int64_t, int64_t)>*>(context);
    for (int64_t i = begin; i < end; ++i) call(i, thread);
  };
  auto* context = const_cast<std::function<void(int64_t, int64_t)>*>(&body);
  if (torch_parallel_for(0, count, /*grain_size=*/1, run, context) != 0) {
    fail(CLIP4J_INTERNAL, "libtorch could not run a parallel loop");
  }
}

int64_t thread_count() {
  uint32_t threads = 0;
  if (torch_get_num_threads(&threads) != 0) fail(CLIP4J_INTERNAL, "libtorch could not tell its thread count");
  return threads;
}

void prepare_thread(int threads) {
  aoti_torch_grad_mode_set_enabled(false);
  // libtorch sets a thread's count to its own default when the thread first asks: let it do so before we set
  // ours.
  thread_count();
  omp_set_num_threads(threads);
  [[maybe_unused]] static const bool done = run_everything_once();
}

const char* version() {
  static const auto version = [] {                     // without an allocation, which could throw
    const uint64_t packed = aoti_torch_abi_version();  // a byte each of major, minor and patch, from the top
    std::array<char, 12> text{};
    std::snprintf(text.data(), text.size(), "%d.%d.%d", static_cast<int>(packed >> 56),
                  static_cast<int>(packed >> 48 & 0xFF), static_cast<int>(packed >> 40 & 0xFF));
    return text;
  }();
  return version.data();
}

}  // namespace clip4j::torch
