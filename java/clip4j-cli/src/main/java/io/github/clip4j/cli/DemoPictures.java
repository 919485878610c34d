package io.github.clip4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The pictures and sentences of the demo, drawn from open emoji artwork (see ATTRIBUTION.md beside
 * them).
 *
 * @param sentences the sentences that are looked for among the scenes
 * @param scenes composed pictures
 * @param queries what is looked for among the singles
 * @param singles pictures of one thing each, in mixed drawing styles
 * @param credits who drew the artwork, a line each
 */
record DemoPictures(
    List<String> sentences,
    List<Picture> scenes,
    List<String> queries,
    List<Picture> singles,
    List<String> credits) {

  /**
   * A picture of the demo.
   *
   * @param file its name beside demo.json
   * @param title what it shows
   * @param sentence the sentence that it was composed for; null if none
   */
  record Picture(String file, String title, String sentence) {
    /** The encoded picture. */
    byte[] bytes() {
      return resource(file);
    }

    Gallery.Picture forGallery() {
      return new Gallery.Picture(title, title, bytes());
    }
  }

  static DemoPictures load() {
    return Json.GSON.fromJson(
        new String(resource("demo.json"), StandardCharsets.UTF_8), DemoPictures.class);
  }

  private static byte[] resource(String name) {
    try (InputStream in = DemoPictures.class.getResourceAsStream("demo/" + name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks demo/" + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
