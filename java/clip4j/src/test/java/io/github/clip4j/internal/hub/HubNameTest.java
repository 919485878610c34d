package io.github.clip4j.internal.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.clip4j.search.Clip4jException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What names a model, and what the environment says. */
class HubNameTest {
  private static final Path HOME = Path.of("/home/u");

  private static HubEnvironment environment(Map<String, String> variables) {
    return new HubEnvironment(variables, HOME);
  }

  @Test
  void names() {
    assertEquals(
        Optional.of(new HubName("openai/clip-vit-base-patch32", "main")),
        HubName.parse("openai/clip-vit-base-patch32"));
    assertEquals(
        Optional.of(new HubName("a/b.c_d", "refs/pr/1")), HubName.parse("a/b.c_d@refs/pr/1"));
    assertEquals("a/b@v1.0", HubName.parse("a/b@v1.0").orElseThrow().toString());
    assertEquals("models--a--b", HubName.parse("a/b@v1.0").orElseThrow().folder());
  }

  @Test
  void presetsAreThoseOfAutoMm() {
    assertEquals(
        "openai/clip-vit-base-patch32", HubName.parse("medium").orElseThrow().repository());
    assertEquals("openai/clip-vit-large-patch14", HubName.parse("high").orElseThrow().repository());
    assertEquals(
        "openai/clip-vit-large-patch14-336", HubName.parse("best").orElseThrow().repository());
  }

  @Test
  void whatIsNoName() {
    for (String text :
        new String[] {
          "",
          "a",
          "a/b/c",
          "/a/b",
          "a/b/",
          "a/b@",
          "a/b@x/",
          "a/b@/x",
          "../b",
          "a/..",
          "a/b@..",
          "a/b@x/../y",
          "a/b..c",
          "a/b--c",
          "a/b.git",
          "a/-b",
          "a b/c",
          "a/b@x y",
          "a\\b/c",
          "a/b\n",
          "a/" + "b".repeat(96),
          "lowest"
        }) {
      assertEquals(Optional.empty(), HubName.parse(text), text);
    }
  }

  @Test
  void caches() {
    assertEquals(Path.of("/home/u/.cache/huggingface/hub"), environment(Map.of()).cache());
    assertEquals(
        Path.of("/x/huggingface/hub"), environment(Map.of("XDG_CACHE_HOME", "/x")).cache());
    assertEquals(
        Path.of("/h/hub"), environment(Map.of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h")).cache());
    assertEquals(
        Path.of("/home/u/c"), environment(Map.of("HF_HUB_CACHE", "~/c", "HF_HOME", "/h")).cache());
  }

  @Test
  void endpoints() {
    assertEquals("https://huggingface.co", environment(Map.of("HF_ENDPOINT", "")).endpoint());
    assertEquals("https://h/x", environment(Map.of("HF_ENDPOINT", "https://h/x//")).endpoint());
    for (String wrong : new String[] {"h", "ftp://h", "http://a b"}) {
      assertThrows(
          Clip4jException.class, () -> environment(Map.of("HF_ENDPOINT", wrong)).endpoint(), wrong);
    }
  }

  @Test
  void aWrongEndpointIsShownWithoutItsPassword() {
    Map<String, String> messages =
        Map.of(
            "ftp://u:secret@h", "not an http or https address: ftp://h",
            "http://u:secret@a_b", "http://a_b: its host is not a valid name: '_' is not allowed",
            "http://u:sec^ret@h", "http://h: not an address: Illegal character in authority",
            "u:secret@h", "not an http or https address: h");
    messages.forEach(
        (wrong, message) -> {
          Clip4jException failure =
              assertThrows(
                  Clip4jException.class,
                  () -> environment(Map.of("HF_ENDPOINT", wrong)).endpoint());
          assertEquals("HF_ENDPOINT: " + message + " (correct or unset it)", failure.getMessage());
          for (Throwable e = failure; e != null; e = e.getCause()) {
            assertFalse(e.getMessage().contains("ret"), e.getMessage());
          }
        });
  }

  @Test
  void offline() {
    assertEquals(false, environment(Map.of()).offline());
    assertEquals(false, environment(Map.of("HF_HUB_OFFLINE", "0")).offline());
    assertEquals(true, environment(Map.of("HF_HUB_OFFLINE", "true")).offline());
    assertEquals(true, environment(Map.of("TRANSFORMERS_OFFLINE", "1")).offline());
    assertEquals(
        false, environment(Map.of("HF_HUB_OFFLINE", "0", "TRANSFORMERS_OFFLINE", "1")).offline());
  }

  @Test
  void tokens() {
    assertEquals(Optional.empty(), environment(Map.of()).token());
    assertEquals(Optional.of("t"), environment(Map.of("HF_TOKEN", "t\n")).token());
    assertThrows(Clip4jException.class, () -> environment(Map.of("HF_TOKEN", "t\r\nX: y")).token());
  }
}
