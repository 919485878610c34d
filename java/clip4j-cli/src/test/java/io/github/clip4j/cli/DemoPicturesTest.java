package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DemoPicturesTest {
  private final DemoPictures demo = DemoPictures.load();

  private List<DemoPictures.Picture> all() {
    return Stream.concat(demo.scenes().stream(), demo.singles().stream()).toList();
  }

  @Test
  void everySentenceHasItsScene() {
    assertEquals(9, demo.sentences().size());
    for (String sentence : demo.sentences()) {
      assertEquals(
          1, demo.scenes().stream().filter(scene -> sentence.equals(scene.sentence())).count());
    }
    assertTrue(demo.scenes().size() >= 12);
    assertTrue(demo.singles().size() >= 40);
  }

  @Test
  void picturesAreInTheJarAndSmall() {
    Set<String> names = new HashSet<>();
    Set<String> formats = new HashSet<>();
    long bytes = 0;
    for (DemoPictures.Picture picture : all()) {
      assertTrue(names.add(picture.file()), picture.file());
      byte[] encoded = picture.bytes();
      bytes += encoded.length;
      formats.add(Html.dataUri(encoded).split(";", 2)[0]);
    }
    assertEquals(Set.of("data:image/png", "data:image/jpeg", "data:image/webp"), formats);
    assertTrue(bytes < 2_000_000, "demo pictures take " + bytes + " bytes");
  }

  @Test
  void creditsNameOnlyPermissiveLicences() {
    assertTrue(demo.credits().size() >= 5);
    for (String credit : demo.credits()) {
      assertTrue(credit.matches(".*, (Apache-2\\.0|MIT|CC-BY-4\\.0), https://.*"), credit);
    }
  }
}
