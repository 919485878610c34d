package io.github.clip4j.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.NativeLoader;
import io.github.clip4j.search.internal.NativeText;
import io.github.clip4j.search.internal.Status;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of clip4j.h, where each is documented. What libclip4j links to is loaded first, see
 * {@link Libraries}.
 */
@Platform(
    include = "clip4j.h",
    link = "clip4j",
    library = "jniclip4j",
    preloadresource = {
      "/org/bytedeco/openblas/",
      "/org/bytedeco/pytorch/",
      "/org/bytedeco/cuda/",
      "/org/bytedeco/opencv/"
    })
public final class Native {
  private Native() {}

  /** Loads the library when it is not loaded yet. Call it before anything else here. */
  public static void load() {
    io.github.clip4j.search.internal.Native.load(); // NativeText needs it.
    NativeLoader.load(
        Native.class, "io.github.clip4j:clip4j", () -> check(start()), Libraries::ofProcess);
  }

  static void check(int status) {
    Status.check(status, Native::lastError);
  }

  /** The text of this thread's last failed call. */
  static String lastError() {
    return NativeText.at(lastErrorAddress());
  }

  /** libtorch's version. */
  public static String torchVersion() {
    return NativeText.at(torchVersionAddress());
  }

  /**
   * A line about a CUDA device that models can run on.
   *
   * @throws Clip4jException UNSUPPORTED where they cannot, with what is missing
   */
  public static String cudaDevice(int device) {
    int capacity = 512;
    try (NativeBlock line = new NativeBlock("a call's arguments", capacity)) {
      check(cudaDevice(device, line.address(), capacity));
      return NativeText.at(line.address());
    }
  }

  /** OpenCV's version. */
  public static String opencvVersion() {
    return NativeText.at(opencvVersionAddress());
  }

  @Name("clip4j_last_error")
  @NoException
  private static native @Cast("const char*") long lastErrorAddress();

  @Name("clip4j_live_bytes")
  @NoException
  public static native long liveBytes();

  @Name("clip4j_live_handles")
  @NoException
  public static native long liveHandles();

  @Name("clip4j_start")
  @NoException
  private static native int start();

  @Name("clip4j_model_create")
  @NoException
  static native int modelCreate(
      @Cast("const clip4j_config*") long config,
      int threads,
      int precision,
      int device,
      @Cast("clip4j_model**") long model);

  @Name("clip4j_model_times_halved")
  @NoException
  static native int modelTimesHalved(
      @Cast("const clip4j_model*") long model, @Cast("int32_t*") long times);

  @Name("clip4j_model_memory")
  @NoException
  static native int modelMemory(
      @Cast("const clip4j_model*") long model, @Cast("clip4j_memory*") long memory);

  @Name("clip4j_model_precision")
  @NoException
  static native int modelPrecision(
      @Cast("const clip4j_model*") long model, @Cast("int32_t*") long precision);

  @Name("clip4j_model_kernel")
  @NoException
  static native int modelKernel(
      @Cast("const clip4j_model*") long model, @Cast("const char**") long kernel);

  @Name("clip4j_model_preprocess_on_gpu")
  @NoException
  static native int modelPreprocessOnGpu(
      @Cast("clip4j_model*") long model, @Cast("const char*") long library);

  @Name("clip4j_model_wants")
  @NoException
  static native int modelWants(
      @Cast("const clip4j_model*") long model, @Cast("const char*") long name);

  @Name("clip4j_model_read")
  @NoException
  static native int modelRead(
      @Cast("clip4j_model*") long model,
      @Cast("const char*") long name,
      @Cast("const char*") long path,
      long offset,
      int dtype,
      @Cast("const int64_t*") long shape,
      int dimensions);

  @Name("clip4j_model_finish")
  @NoException
  static native int modelFinish(@Cast("clip4j_model*") long model);

  @Name("clip4j_model_free")
  @NoException
  static native void modelFree(@Cast("clip4j_model*") long model);

  @Name("clip4j_model_logit_scale")
  @NoException
  static native int modelLogitScale(
      @Cast("const clip4j_model*") long model, @Cast("float*") long scale);

  @Name("clip4j_model_logit_bias")
  @NoException
  static native int modelLogitBias(
      @Cast("const clip4j_model*") long model, @Cast("float*") long bias);

  @Name("clip4j_embed_images")
  @NoException
  static native int embedImages(
      @Cast("const clip4j_model*") long model,
      @Cast("const clip4j_preprocessing*") long preprocessing,
      @Cast("const clip4j_image*") long images,
      int n,
      @Cast("float*") long rows,
      @Cast("int32_t*") long rowCount,
      @Cast("clip4j_outcome*") long outcomes,
      @Cast("clip4j_timings*") long timings);

  @Name("clip4j_embed_texts")
  @NoException
  static native int embedTexts(
      @Cast("const clip4j_model*") long model,
      @Cast("const int32_t*") long ids,
      @Cast("const int32_t*") long lengths,
      int n,
      @Cast("float*") long rows,
      @Cast("clip4j_timings*") long timings);

  @Name("clip4j_preprocess")
  @NoException
  static native int preprocess(
      @Cast("const clip4j_preprocessing*") long preprocessing,
      @Cast("const clip4j_image*") long image,
      @Cast("uint8_t*") long pixels,
      long capacity,
      @Cast("int32_t*") long height,
      @Cast("int32_t*") long width);

  @Name("clip4j_cuda_device")
  @NoException
  private static native int cudaDevice(int device, @Cast("char*") long line, int capacity);

  @Name("clip4j_torch_version")
  @NoException
  private static native @Cast("const char*") long torchVersionAddress();

  @Name("clip4j_opencv_version")
  @NoException
  private static native @Cast("const char*") long opencvVersionAddress();
}
