package io.github.clip4j.search.internal;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Path;
import org.bytedeco.javacpp.Loader;

/** The library that searches on GPUs, out of clip4j-search's jar for them. */
public final class GpuLibrary {
  private GpuLibrary() {}

  /**
   * Its file; JavaCPP extracts it into its cache folder.
   *
   * @throws Clip4jException MISSING where the jar is not there, UNREADABLE where the file cannot be
   *     extracted
   */
  public static Path find() {
    String classifier = Loader.getPlatform() + "-gpu";
    String file = System.mapLibraryName("clip4j_search_cuda");
    try {
      // Not Class.getResource: a class of a named module finds what its own jar has by it, alone.
      URL resource = Loader.findResource(GpuLibrary.class, classifier + "/" + file);
      if (resource == null) {
        throw new Clip4jException(
            Kind.MISSING,
            "no library for GPUs on the class path or module path: add the jar of"
                + " io.github.clip4j:clip4j-search with the classifier "
                + classifier
                + " (it exists for linux-x86_64)");
      }
      return Loader.cacheResource(resource).toPath();
    } catch (IOException failed) {
      throw new Clip4jException(
          Kind.UNREADABLE, "the library for GPUs cannot be extracted: " + failed, failed);
    }
  }
}
