package io.github.clip4j.search.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.File;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * Loads native libraries: one at a time, each once, and with failures that say what to do.
 *
 * <p>JavaCPP extracts the library from its jar into a cache folder, under a lock between JVMs, and
 * opens it.
 */
public final class NativeLoader {
  private static final System.Logger LOGGER = System.getLogger("io.github.clip4j");
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final Map<Class<?>, String> LOADED = new ConcurrentHashMap<>();
  private static boolean exiting;
  private static boolean hooked;

  private NativeLoader() {}

  /**
   * A library of another artifact that has to be there.
   *
   * @param resource its path in the artifact's classifier jar, with %s for the platform:
   *     "/org/bytedeco/pytorch/%s/libtorch_cpu.so"
   * @param artifact "group:artifact"
   */
  public record Requirement(String resource, String artifact) {}

  /**
   * What a library needs of others.
   *
   * @param files libraries that are opened first, in this order
   * @param optional libraries that are opened then; one that does not load is left out
   * @param preload names of libraries in jars that are opened then, as JavaCPP writes them, in the
   *     order in which the linker needs them; one that is not found is left out
   * @param extension of the platform's folders that are looked into first, such as "-gpu", or ""
   * @param folders where libraries are looked for that no jar has
   * @param requirements what must be there
   */
  public record Needs(
      List<Path> files,
      List<Path> optional,
      List<String> preload,
      String extension,
      List<String> folders,
      List<Requirement> requirements) {
    /** Nothing. */
    public static final Needs NOTHING =
        new Needs(List.of(), List.of(), List.of(), "", List.of(), List.of());

    private Properties properties() {
      Properties properties = new Properties();
      properties.putAll(Loader.loadProperties());
      put(properties, "platform.preload", preload);
      put(properties, "platform.preloadpath", folders);
      if (!extension.isEmpty()) {
        properties.setProperty("platform.extension", extension);
      }
      return properties;
    }

    private static void put(Properties properties, String name, List<String> more) {
      if (!more.isEmpty()) {
        String own = properties.getProperty(name);
        String all = String.join(File.pathSeparator, more);
        properties.setProperty(name, own == null ? all : own + File.pathSeparator + all);
      }
    }
  }

  /**
   * Loads the library of {@code nativeClass} unless it is loaded.
   *
   * @param artifact "group:artifact" of the classifier jar that holds it
   * @param start runs when the library has just been loaded, before the JVM may exit
   * @param needs is asked before it is loaded
   * @throws Clip4jException MISSING, UNSUPPORTED or SHUTTING_DOWN, with one line that says what to
   *     do
   */
  public static void load(
      Class<?> nativeClass, String artifact, Runnable start, Supplier<Needs> needs) {
    if (LOADED.containsKey(nativeClass)) {
      return;
    }
    LOCK.lock();
    try {
      if (!LOADED.containsKey(nativeClass)) {
        String file =
            FreshThread.call("clip4j-load", () -> loadLocked(nativeClass, artifact, start, needs));
        LOADED.put(nativeClass, file);
      }
    } finally {
      LOCK.unlock();
    }
  }

  /** The file that each loaded library came from, by its class. */
  public static Map<Class<?>, String> loaded() {
    return Collections.unmodifiableMap(LOADED);
  }

  private static String loadLocked(
      Class<?> nativeClass, String artifact, Runnable start, Supplier<Needs> supplier) {
    letExitWait();
    LoadFailure.refuseMusl();
    Needs needs = supplier.get();
    try {
      // JavaCPP's own natives, whose failure its static initialiser hides.
      loadByJavaCpp(Pointer.class, Needs.NOTHING);
      needs.files().forEach(file -> System.load(file.toString()));
      needs.optional().forEach(NativeLoader::loadIfPossible);
      String file = loadByJavaCpp(nativeClass, needs);
      start.run();
      return file;
    } catch (LinkageError | IllegalCallerException failed) {
      throw LoadFailure.explain(failed, nativeClass, artifact, needs.requirements());
    }
  }

  private static void loadIfPossible(Path file) {
    try {
      System.load(file.toString());
    } catch (UnsatisfiedLinkError without) {
      LOGGER.log(System.Logger.Level.DEBUG, "{0} is left out: {1}", file, without.getMessage());
    }
  }

  private static String loadByJavaCpp(Class<?> nativeClass, Needs needs) {
    boolean pathsFirst = Boolean.getBoolean("org.bytedeco.javacpp.pathsFirst");
    String file = Loader.load(nativeClass, needs.properties(), pathsFirst);
    if (file == null) {
      // What JavaCPP did not find once, it returns null for the next time.
      throw new UnsatisfiedLinkError("the natives of " + nativeClass.getName() + " were not found");
    }
    return file;
  }

  /**
   * Static initialisers of libraries run while a library loads, and their destructors when the JVM
   * calls exit(): these must not meet. The hook waits for a load under way and lets none begin.
   */
  private static void letExitWait() {
    if (!hooked && !exiting) {
      try {
        Runtime.getRuntime().addShutdownHook(new Thread(NativeLoader::stopLoading, "clip4j-exit"));
        hooked = true;
      } catch (IllegalStateException alreadyExiting) {
        exiting = true;
      }
    }
    if (exiting) {
      throw new Clip4jException(
          Kind.SHUTTING_DOWN, "the JVM is exiting: no native library is loaded any more");
    }
  }

  private static void stopLoading() {
    LOCK.lock();
    try {
      exiting = true;
    } finally {
      LOCK.unlock();
    }
  }
}
