package io.github.clip4j.internal;

import io.github.clip4j.Precision;
import io.github.clip4j.search.internal.NativeBlock;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * What loading a model consists of, one step after another, for the StartUp benchmark; here since
 * the steps are no API. Each line is a step's milliseconds and its name.
 *
 * <p>Arguments: the model's folder.
 */
public final class LoadSteps {
  private static long last = System.nanoTime();

  private LoadSteps() {}

  public static void main(String[] arguments) {
    io.github.clip4j.search.internal.Native.load();
    done("JavaCPP and the search library");
    Native.load();
    done("libtorch, OpenCV and the core");
    ModelFiles files = new ModelFiles(Path.of(arguments[0]));
    ModelDescription model = ModelDescription.of(files);
    done("configuration and headers");
    Tokenizer tokenizer = Tokenizer.open(files, model.config());
    done("tokenizer");
    long address = create(model.config());
    new WeightsReader(address).read(model.weights());
    Native.check(Native.modelFinish(address));
    done("weights");
    Native.modelFree(address);
    tokenizer.close();
  }

  private static long create(ClipConfig config) {
    try (NativeBlock scratch =
        new NativeBlock("a call's arguments", ClipConfig.BYTES + Long.BYTES)) {
      config.write(scratch.buffer(0, ClipConfig.BYTES));
      ByteBuffer model = scratch.buffer(ClipConfig.BYTES, Long.BYTES);
      Native.check(
          Native.modelCreate(
              scratch.address(),
              0,
              Precision.FP32.ordinal(),
              /* device= */ -1,
              scratch.address() + ClipConfig.BYTES));
      return model.getLong();
    }
  }

  private static void done(String step) {
    long now = System.nanoTime();
    System.out.println((now - last) / 1e6 + " " + step);
    last = System.nanoTime();
  }
}
