package io.github.clip4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** What becomes of pictures that a model fetches. */
class FetchedPicturesTest extends FileServer {
  @Test
  void picturesFromAddresses() throws IOException {
    byte[] png = Files.readAllBytes(TinyModel.file("rgb.png"));
    URI address = serve(exchange -> respond(exchange, 200, png));
    LoadOptions small =
        LoadOptions.DEFAULT.withImages(ImageOptions.DEFAULT.withMaxEncodedBytes(png.length - 1));
    ImageSource source = ImageSource.of(address, downloader);
    try (ClipModel model = TinyModel.load();
        ClipModel strict = ClipModel.load(TinyModel.directory(), small)) {
      assertArrayEquals(model.embedImage(TinyModel.picture()), model.embedImage(source));
      Clip4jException large = assertThrows(Clip4jException.class, () -> strict.embedImage(source));
      assertEquals(Kind.TOO_LARGE, large.kind());
      assertEquals(
          address + ": it is over the limit of " + (png.length - 1) + " bytes", large.getMessage());
      server.removeContext("/file");
      Clip4jException missing = assertThrows(Clip4jException.class, () -> model.embedImage(source));
      assertEquals(Kind.MISSING, missing.kind());
      assertEquals(address + ": the server says 404", missing.getMessage());
    }
  }
}
