/** clip4j with the natives of every platform it is built for; requiring this module is enough. */
module io.github.clip4j.platform {
  requires transitive io.github.clip4j;
  requires io.github.clip4j.natives.linux.x86_64;
  requires io.github.clip4j.search.natives.linux.x86_64;
  requires org.bytedeco.javacpp.linux.x86_64;
  requires org.bytedeco.openblas.linux.x86_64;
  requires org.bytedeco.opencv.linux.x86_64;
  requires org.bytedeco.pytorch.linux.x86_64;
}
