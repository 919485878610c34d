package io.github.clip4j.internal;

import io.github.clip4j.Device;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.internal.checkpoint.ClipConfig;
import io.github.clip4j.internal.checkpoint.ModelDescription;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.GpuLibrary;
import io.github.clip4j.search.internal.NativeBlock;
import io.github.clip4j.search.internal.PathBytes;
import io.github.clip4j.search.internal.Status;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/**
 * A model as loading leaves it in native memory.
 *
 * @param address of the native model, which whoever loaded it must free
 * @param storedAs numbers in the weights that were read, by dtype
 * @param ignoredTensors those that the model does not want
 */
record NativeModel(long address, Map<String, Long> storedAs, List<String> ignoredTensors) {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");

  /**
   * Reads the weights.
   *
   * @throws CancellationException where it was {@code givenUp} meanwhile
   */
  static NativeModel load(
      ModelDescription description, Path directory, LoadOptions options, BooleanSupplier givenUp) {
    Device device = options.device();
    if (device.kind() == Device.Kind.CUDA) {
      Native.cudaDevice(device.index()); // throws where models cannot run on it
    }
    long address = create(description, options);
    try {
      WeightsReader reader = new WeightsReader(address, givenUp);
      reader.read(description.weights());
      WeightsReader.check(directory, Native.modelFinish(address));
      if (device.kind() == Device.Kind.CUDA) {
        preprocessOnGpu(address, device);
      }
      return new NativeModel(address, reader.numbers(), reader.ignored());
    } catch (Throwable e) {
      Native.modelFree(address);
      throw e;
    }
  }

  private static long create(ModelDescription description, LoadOptions options) {
    Device device = options.device();
    int number = device.kind() == Device.Kind.CPU ? -1 : device.index();
    try (NativeBlock config = new NativeBlock("a call's arguments", ClipConfig.BYTES)) {
      description.config().write(config.buffer(0, ClipConfig.BYTES));
      return NativeBlock.number(
          model ->
              check(
                  description.configFile(),
                  Native.modelCreate(
                      config.address(),
                      options.threads(),
                      options.precision().ordinal(),
                      number,
                      model)));
    }
  }

  private static void check(Path configFile, int status) {
    if (status != Status.OK && Status.kind(status) != Kind.INVALID_ARGUMENT) {
      Native.check(status); // What the options ask for is no file's fault.
    }
    WeightsReader.check(configFile, status);
  }

  /** Where its library is missing or does not work, the CPU goes on preprocessing. */
  private static void preprocessOnGpu(long address, Device device) {
    try {
      byte[] library = PathBytes.of(GpuLibrary.find());
      try (NativeBlock path = NativeBlock.ofText("a call's arguments", library)) {
        Native.check(Native.modelPreprocessOnGpu(address, path.address()));
      }
    } catch (Clip4jException without) {
      LOGGER.log(
          System.Logger.Level.INFO,
          "the CPU preprocesses pictures for {0}: {1}",
          device,
          without.getMessage());
    }
  }

  void free() {
    Native.modelFree(address);
  }
}
