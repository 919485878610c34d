package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.clip4j.cli.Gallery.Hit;
import io.github.clip4j.cli.Gallery.Pair;
import io.github.clip4j.cli.Gallery.Picture;
import io.github.clip4j.cli.Gallery.Result;
import io.github.clip4j.cli.Gallery.Text;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class GalleryTest {
  private static final Picture PNG =
      picture("red <b>", 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n');
  private static final Picture JPEG = picture("blue", 0xFF, 0xD8, 0xFF, 0xE0);

  private static Picture picture(String name, int... bytes) {
    byte[] encoded = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      encoded[i] = (byte) bytes[i];
    }
    return new Picture(name, "shows \"" + name + "\"", encoded);
  }

  @Test
  void picturesAreInside() {
    List<Hit> hits = List.of(new Hit(JPEG, 0.5));
    String page = new Gallery("t", "i").results("r", "", List.of(new Result(PNG, hits))).html();
    assertTrue(page.contains("src=\"data:image/png;base64,iVBORw0KGgo=\""));
    assertTrue(page.contains("src=\"data:image/jpeg;base64,"));
    assertFalse(page.contains("<script"));
    assertFalse(page.contains("src=\"http"));
    assertFalse(page.contains("url("));
  }

  @Test
  void everythingIsEscaped() {
    String evil = "<img src=x onerror='alert(1)'> & {{body}} \uD800 \u0000";
    List<Hit> hits =
        List.of(new Hit(new Picture(evil, evil, new byte[0]), 0.5), new Hit(new Text(evil), 0.4));
    String page =
        new Gallery(evil, evil)
            .facts(List.of(new Gallery.Fact(evil, evil)))
            .results(evil, evil, List.of(new Result(new Text(evil), hits)))
            .pairs(evil, evil, List.of(new Pair(PNG, evil, 0, 0, false)))
            .footer(List.of(evil))
            .html();
    assertFalse(page.contains("<img src=x"));
    assertFalse(page.contains("'alert"));
    assertTrue(
        page.contains("&lt;img src=x onerror=&#39;alert(1)&#39;&gt; &amp; {{body}} \uFFFD \uFFFD"));
    assertEquals(page.indexOf("<header>"), page.lastIndexOf("<header>"));
    assertTrue(page.contains("alt=\"shows &quot;red &lt;b&gt;&quot;\""));
  }

  @Test
  void numbersDoNotDependOnTheLocale() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.GERMANY);
      String page =
          new Gallery("t", "i")
              .pairs("p", "", List.of(new Pair(PNG, "x", 0.25, 0.75, true)))
              .html();
      assertTrue(page.contains("0.250") && page.contains("--share:0.750"));
      assertTrue(page.contains("✓ match"));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void saysWhereTheIntendedHitCame() {
    List<Hit> hits = List.of(new Hit(PNG, 0.9), new Hit(JPEG, -0.2));
    String page =
        new Gallery("t", "i")
            .results(
                "r",
                "",
                List.of(
                    new Result(new Text("first"), hits, OptionalInt.of(1)),
                    new Result(new Text("second"), hits, OptionalInt.of(2)),
                    new Result(new Text("beyond"), hits, OptionalInt.of(7))))
            .html();
    assertTrue(page.contains("<b>1 of 3</b>"));
    assertTrue(page.contains("found first"));
    assertTrue(page.contains("the right one is no. 2"));
    assertTrue(page.contains("the right one is no. 7"));
    assertEquals(3, page.split("<li class=\"intended\">", -1).length);
    assertTrue(page.contains("--share:0.000\">-0.200"));
  }

  @Test
  void nothingFoundIsSaid() {
    String page =
        new Gallery("t", "i").results("r", "", List.of(new Result(JPEG, List.of()))).html();
    assertTrue(page.contains("Nothing was found."));
    assertFalse(page.contains("<b>0 of"));
  }
}
