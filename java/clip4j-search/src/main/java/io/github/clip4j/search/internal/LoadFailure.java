package io.github.clip4j.search.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import io.github.clip4j.search.internal.NativeLoader.Requirement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Platform;

/** Turns a library that does not load into one line: what, why, what to do. */
public final class LoadFailure {
  private static final String CACHE_OPTION = "-Dorg.bytedeco.javacpp.cachedir=DIR";
  private static final long UNPACKED_BYTES = 400L << 20;

  private LoadFailure() {}

  /**
   * The libraries need glibc. On musl they could load half-way and crash, so nothing is tried
   * there.
   */
  static void refuseMusl() {
    if (usesMusl(Path.of("/proc/self/maps"))) {
      throw new Clip4jException(
          Kind.UNSUPPORTED,
          "clip4j's native libraries need glibc and this JVM runs on musl libc (Alpine Linux): use an image with"
              + " glibc, such as Debian's or Ubuntu's");
    }
  }

  static boolean usesMusl(Path maps) {
    try {
      return Files.readString(maps, StandardCharsets.ISO_8859_1).contains("/ld-musl-");
    } catch (IOException notLinux) {
      return false;
    }
  }

  /**
   * What to do about reasons that any native library may not load for; empty for others.
   *
   * @param text of the failure, as the JVM gives it
   */
  public static Optional<String> advice(String text) {
    if (text.contains("Illegal native access")) {
      return Optional.of(
          "this JVM lets no library use native code: start it with --enable-native-access=ALL-UNNAMED (on the module"
              + " path with the modules that clip4j's README names)");
    }
    if (text.contains("already loaded in another classloader")) {
      return Optional.of(
          "this JVM has loaded it for another class loader, which only its end undoes (a web application deployed"
              + " again?): put clip4j's jars where all class loaders find them, such as the container's lib folder");
    }
    return Optional.empty();
  }

  /** The failure behind all others. */
  public static Throwable rootCause(Throwable failed) {
    return failed.getCause() == null ? failed : rootCause(failed.getCause());
  }

  static Clip4jException explain(
      Throwable failed, Class<?> nativeClass, String artifact, List<Requirement> requirements) {
    String platform = Loader.getPlatform();
    String missing = missingArtifact(nativeClass, platform, artifact, requirements);
    if (missing == null) {
      return new Clip4jException(Kind.UNSUPPORTED, why(failed), failed);
    }
    String message =
        "no native library of "
            + missing
            + " for "
            + platform
            + " on the class path or module path: add its jar with the classifier "
            + platform
            + ", or depend on io.github.clip4j:clip4j-platform (natives exist for linux-x86_64)"
            + (nativeClass.getModule().isNamed()
                ? "; on the module path also resolve it: --add-modules ALL-MODULE-PATH"
                : "");
    return new Clip4jException(Kind.MISSING, message, failed);
  }

  private static String missingArtifact(
      Class<?> nativeClass, String platform, String artifact, List<Requirement> requirements) {
    if (!has(nativeClass, library(nativeClass, platform))) {
      return artifact;
    }
    if (!has(
        Loader.class,
        "/org/bytedeco/javacpp/" + platform + "/" + System.mapLibraryName("jnijavacpp"))) {
      return "org.bytedeco:javacpp";
    }
    for (Requirement requirement : requirements) {
      if (!has(nativeClass, String.format(requirement.resource(), platform))) {
        return requirement.artifact();
      }
    }
    return null;
  }

  private static String why(Throwable failed) {
    String texts = texts(failed);
    Optional<String> advice = advice(texts);
    if (advice.isPresent()) {
      return advice.get();
    }
    if (texts.contains("failed to map segment") || texts.contains("Operation not permitted")) {
      return "the folder "
          + cacheFolder()
          + " does not allow native libraries to run: is it mounted noexec? (choose another with "
          + CACHE_OPTION
          + ")";
    }
    if (texts.contains("Could not create the cache")
        || texts.contains("No space left")
        || texts.contains("Permission denied")
        || texts.contains("Read-only file system")
        || texts.contains("cannot open shared object file") && isNearlyFull()) {
      return "native libraries cannot be unpacked into "
          + cacheFolder()
          + " (make room for 400 MB there, or choose another folder with "
          + CACHE_OPTION
          + ")";
    }
    int glibc = texts.indexOf("version `GLIBC");
    if (glibc >= 0) {
      return "this system's C library is too old: "
          + texts.substring(glibc).lines().findFirst().orElse("");
    }
    // JavaCPP's own text says only where it has looked.
    String text = String.valueOf(rootCause(failed).getMessage()).lines().findFirst().orElse("");
    return "a native library does not load: " + text;
  }

  /** Where a library that others need cannot be unpacked, JavaCPP goes on without it. */
  private static boolean isNearlyFull() {
    try {
      return Files.getFileStore(Path.of(cacheFolder())).getUsableSpace() < UNPACKED_BYTES;
    } catch (IOException unknown) {
      return false;
    }
  }

  private static String cacheFolder() {
    try {
      return Loader.getCacheDir().toString();
    } catch (IOException none) {
      return System.getProperty("user.home") + "/.javacpp/cache";
    }
  }

  private static String library(Class<?> nativeClass, String platform) {
    String name = nativeClass.getAnnotation(Platform.class).library();
    return "/"
        + nativeClass.getPackageName().replace('.', '/')
        + "/"
        + platform
        + "/"
        + System.mapLibraryName(name);
  }

  private static boolean has(Class<?> loader, String resource) {
    return loader.getResource(resource) != null;
  }

  private static String texts(Throwable failed) {
    StringBuilder texts = new StringBuilder();
    for (Throwable t = failed; t != null; t = t.getCause()) {
      texts.append(t.getMessage()).append('\n');
    }
    return texts.toString();
  }
}
