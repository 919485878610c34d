/** CLIP models on the JVM: pictures and texts to embeddings, semantic search, matching. */
module io.github.clip4j {
  requires transitive io.github.clip4j.search;
  requires transitive java.management;
  requires org.bytedeco.javacpp;
  requires ai.djl.tokenizers;
  requires ai.djl.api;
  // DJL's jars are automatic modules and cannot ask for it themselves.
  requires org.slf4j;
  requires com.google.gson;
  requires java.net.http;
  // For ImageSource.of(BufferedImage) alone.
  requires static java.desktop;

  exports io.github.clip4j;
}
