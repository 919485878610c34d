package io.github.clip4j.internal.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.LibUtils;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import ai.djl.util.Platform;
import ai.djl.util.Utils;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.FreshThread;
import io.github.clip4j.search.internal.LoadFailure;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ref.Reference;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.UUID;
import java.util.function.LongFunction;

/**
 * Hugging Face's tokenizers through DJL, without what DJL adds: it sends usage data when it finds
 * itself on EC2, and may download CUDA builds of the library.
 */
final class TokenizerLibrary {
  /**
   * Truncation and padding are ours, whatever the file says: the model neither pads nor cuts in
   * silence.
   */
  private static final Map<String, String> OPTIONS =
      Map.of("truncation", "DO_NOT_TRUNCATE", "padding", "DO_NOT_PAD");

  static {
    // Read at every construction; harmless to an application's own use of DJL, and its own setting
    // wins.
    if (System.getProperty("OPT_OUT_TRACKING") == null) {
      System.setProperty("OPT_OUT_TRACKING", "true");
    }
  }

  private static boolean loaded;

  private TokenizerLibrary() {}

  private static synchronized void load() {
    if (!loaded) {
      FreshThread.call(
          "clip4j-load",
          () -> {
            // DJL looks for its files there; a thread of the common pool has none that knows an
            // application in a container.
            Thread.currentThread().setContextClassLoader(TokenizerLibrary.class.getClassLoader());
            loadOffline();
            return loaded = true;
          });
    }
  }

  /**
   * DJL unpacks the library to a cache, and takes what lies there for whole. One that is too short,
   * as a machine that went down may leave it, would end the JVM.
   */
  private static void removeDamaged() {
    Platform platform = Platform.detectPlatform("tokenizers");
    String name = System.mapLibraryName("tokenizers");
    String flavor = "cpu";
    Path folder =
        Utils.getEngineCacheDir("tokenizers")
            .resolve(String.join("-", platform.getVersion(), flavor, platform.getClassifier()));
    Path library = folder.resolve(name);
    URL packed =
        LibUtils.class.getResource(
            "/" + String.join("/", "native/lib", platform.getClassifier(), flavor, name));
    try {
      if (packed != null
          && Files.exists(library)
          && Files.size(library) < packed.openConnection().getContentLengthLong()) {
        // In one step, for others may be about to do the same.
        Path aside = folder.resolveSibling("damaged-" + UUID.randomUUID());
        Files.move(folder, aside, StandardCopyOption.ATOMIC_MOVE);
        Files.delete(aside.resolve(name));
        Files.delete(aside);
      }
    } catch (IOException e) {
      throw new Clip4jException(
          Kind.UNREADABLE, library + " is too short (remove " + folder + "): " + e, e);
    }
  }

  /**
   * Offline mode picks the CPU library inside the jar; the verbosity keeps SLF4J from printing
   * three lines where an application has no binding for it. Both are set for the loading alone:
   * elsewhere they are the user's.
   */
  private static void loadOffline() {
    withProperty(
        "ai.djl.offline",
        "true",
        () ->
            withProperty(
                "slf4j.internal.verbosity",
                "ERROR",
                () -> {
                  try {
                    removeDamaged();
                    LibUtils.checkStatus();
                  } catch (EngineException | LinkageError e) {
                    // Reported by the first construction, where it can be caught as what it is.
                  }
                }));
  }

  private static void withProperty(String name, String value, Runnable action) {
    String before = System.setProperty(name, value);
    try {
      action.run();
    } finally {
      if (before == null) {
        System.clearProperty(name);
      } else {
        System.setProperty(name, before);
      }
    }
  }

  static TokenizerSource.Encoder open(String json, String source) {
    load();
    try {
      LibUtils.checkStatus();
    } catch (EngineException | LinkageError e) {
      throw new Clip4jException(
          Kind.UNSUPPORTED,
          "the tokenizer library does not load: " + why(LoadFailure.rootCause(e).toString()),
          e);
    }
    try {
      needRoom(1 << 16);
      return encoder(
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), OPTIONS));
    } catch (RuntimeException | IOException e) {
      throw new Clip4jException(Kind.CORRUPT, source + " is not a tokenizer: " + e.getMessage(), e);
    }
  }

  /** DJL has no reason where it could not unpack the library: it finds no "flavor" of it then. */
  static String why(String reason) {
    return LoadFailure.advice(reason)
        .orElse(
            (reason.contains("Unexpected flavor") ? "it cannot be unpacked" : reason)
                + " (it is unpacked to .djl.ai in the home directory, or to the folder of -DDJL_CACHE_DIR=DIR, which must"
                + " be writable, have room for 15 MB and allow execution; it needs glibc)");
  }

  private static TokenizerSource.Encoder encoder(HuggingFaceTokenizer tokenizer) {
    return new TokenizerSource.Encoder() {
      @Override
      public long[] encode(String text) {
        return TokenizerLibrary.encode(tokenizer, text, TokenizersLibrary.LIB::getTokenIds);
      }

      @Override
      public long[] words(String text) {
        return TokenizerLibrary.encode(tokenizer, text, TokenizersLibrary.LIB::getWordIds);
      }

      @Override
      public void close() {
        tokenizer.close();
      }
    };
  }

  /**
   * What the library knows of a text's tokens. HuggingFaceTokenizer.encode would also make Java
   * objects of every token's text, span and type: five times the time, and a JNI local reference
   * each.
   */
  private static long[] encode(
      HuggingFaceTokenizer tokenizer, String text, LongFunction<long[]> result) {
    TokenizersLibrary library = TokenizersLibrary.LIB;
    long encoding = library.encode(tokenizer.getHandle(), text, true);
    try {
      needRoom(3L * text.length() + 64);
      return result.apply(encoding);
    } finally {
      library.deleteEncoding(encoding);
    }
  }

  /**
   * The library ends the JVM where there is no Java memory for what it returns. Whether there is
   * shows here, as an error that a caller can catch.
   */
  private static void needRoom(long longs) {
    Reference.reachabilityFence(new long[(int) Math.min(longs, Integer.MAX_VALUE - 8)]);
  }
}
