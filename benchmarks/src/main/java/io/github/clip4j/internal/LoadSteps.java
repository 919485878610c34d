package io.github.clip4j.internal;

import io.github.clip4j.LoadOptions;
import io.github.clip4j.internal.checkpoint.ModelDescription;
import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.tokenizer.Tokenizer;
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
    NativeModel loaded =
        NativeModel.load(model, files.directory(), LoadOptions.DEFAULT, () -> false);
    done("weights");
    loaded.free();
    tokenizer.close();
  }

  private static void done(String step) {
    long now = System.nanoTime();
    System.out.println((now - last) / 1e6 + " " + step);
    last = System.nanoTime();
  }
}
