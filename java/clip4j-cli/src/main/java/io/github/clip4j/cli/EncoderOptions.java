package io.github.clip4j.cli;

import io.github.clip4j.Device;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.Precision;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --precision P} and {@code --device D}, for commands that embed a lot. */
final class EncoderOptions {
  @Option(
      names = "--precision",
      paramLabel = "P",
      defaultValue = "fp32",
      description =
          "Arithmetic of the encoders: fp32 (default), bf16, fp16 (on a GPU alone), int8 (on the CPU"
              + " alone), or auto for the fastest.")
  private Precision precision;

  @Option(
      names = "--device",
      paramLabel = "D",
      defaultValue = "cpu",
      converter = DeviceName.class,
      description = "Where the encoders run: cpu (default), or cuda:N for the N-th GPU from 0 on.")
  private Device device;

  LoadOptions loadOptions() {
    return LoadOptions.DEFAULT.withPrecision(precision).withDevice(device);
  }

  private static final class DeviceName implements ITypeConverter<Device> {
    @Override
    public Device convert(String name) {
      try {
        return Device.of(name);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
