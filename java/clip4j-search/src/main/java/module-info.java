/** Exact top-k search over embeddings, in native code; needs neither libtorch nor OpenCV. */
@SuppressWarnings("module") // io.github.clip4j is compiled after this module.
module io.github.clip4j.search {
  requires transitive org.bytedeco.javacpp;

  exports io.github.clip4j.search;
  exports io.github.clip4j.search.internal to
      io.github.clip4j;
}
