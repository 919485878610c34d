package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is a value, what is an option, and what is wrong usage. */
class ArgumentsTest {
  @TempDir Path folder;

  @Test
  void anyTextIsAValue() {
    List<String> texts =
        List.of(
            "-hello",
            "--json",
            "-h",
            "--help",
            "--text",
            "--text=x",
            "--out",
            "--",
            "-",
            "@file",
            "@@",
            "",
            " ",
            "a=b",
            "'quoted'",
            "\"quoted\"",
            "${sys:user.home}",
            "%n",
            "a\\b",
            "grüße 🐸",
            "a\nb");
    Path out = folder.resolve("texts.jsonl");
    List<Object> apart = new ArrayList<>(List.of("embed", "--model", Cli.MODEL, "--out", out));
    List<Object> attached = new ArrayList<>(apart);
    for (String text : texts) {
      apart.addAll(List.of("--text", text));
      attached.add("--text=" + text);
    }
    Cli.run(apart.toArray()).succeeds();
    assertEquals(texts, Cli.ids(out));
    Cli.run(attached.toArray()).succeeds();
    assertEquals(texts, Cli.ids(out));
  }

  @Test
  void argumentFilesMeanNothing() {
    Cli.write(folder.resolve("arguments"), "--json");
    Cli.run("tokenize", "@" + folder.resolve("arguments"), "--text", "a").failsWith(2, "@");
  }

  @Test
  void filesMayBeginWithADash() {
    Path odd = Cli.picture("noto-owl.png", folder, "-owl.png");
    Path out = folder.resolve("o.npy");
    Cli.run("embed", "--images", odd, odd, "--model", Cli.MODEL, "--out", out).succeeds();
    assertEquals(2, Cli.rows(out).length);
    Cli.run("embed", "--images", "-missing.png", "--model", Cli.MODEL, "--out", out)
        .failsWith(1, "-missing.png: no such file");
  }

  @Test
  void wrongUsage() {
    Cli.run().failsWith(2, "no command");
    Cli.run("no-such-command").failsWith(2, "no-such-command", "clip4j --help");
    Cli.run("tokenize").failsWith(2, "--text", "clip4j tokenize --help");
    Cli.run("tokenize", "--text").failsWith(2, "--text needs a value");
    Cli.run("tokenize", "--text", "a", "--text", "b").failsWith(2, "twice");
    Cli.run("tokenize", "--text", "a", "b").failsWith(2, "b");
    Cli.run("tokenize", "--txt", "a").failsWith(2, "'--txt'");
    Cli.run("embed", "--images", "a", "--ot", "b").failsWith(2, "'--ot'");
    Cli.run("tokenize", "--text", "a", "--jsno").failsWith(2, "--jsno");
    Cli.run("embed", "--text", "a").failsWith(2, "--out");
    Cli.run("embed", "--out", "x.npy").failsWith(2, "--images, --text, --texts-file");
    Cli.run("embed", "--text", "a", "--images", "b", "--out", "x.npy").failsWith(2, "one of");
    Cli.run("embed", "--images", "a", "--ouy", "b", "--out", "x.npy").failsWith(2, "--ouy");
    Cli.run("embed", "--text", "a", "--out", "").failsWith(2, "--out");
    Cli.run("embed", "--text", "a", "--out", "x.txt").failsWith(2, ".npy, .safetensors or .jsonl");
    Cli.run("embed", "--text", "a", "--out", "x.npy", "--precision", "int3").failsWith(2, "int3");
    Cli.run("embed", "--text", "a", "--out", "x.npy", "--device", "gpu").failsWith(2, "'gpu'");
    Cli.run("embed", "--text", "a", "--out", folder.resolve("x.npy"), "--device", "cuda:9999")
        .failsWith(1, "there is no CUDA device");
    Cli.run("topk", "--queries", "q", "--corpus", "c", "-k", "many").failsWith(2, "many");
    Cli.run("topk", "--queries", "q", "--corpus", "c").failsWith(2, "-k");
    Cli.run("index", "--images", "a").failsWith(2, "DIR");
    Cli.run("index", "", "--images", "a").failsWith(2, "DIR");
    Cli.run("search", "", "--text", "a").failsWith(2, "DIR");
    Cli.run("search", "d").failsWith(2, "--text, --image");
    Cli.run("search", "d", "--text", "a", "--image", "b").failsWith(2, "--text, --image");
    Cli.run("match", "--image", "a").failsWith(2, "--text");
    Cli.run("match", "--image", "a", "--text", "b", "--probability", "fair").failsWith(2, "fair");
    Cli.run("preprocess", "--image", "a", "--out", "x.png").failsWith(2, ".npy");
    Cli.run("download").failsWith(2, "URL");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo",
        "embed",
        "topk",
        "index",
        "search",
        "match",
        "preprocess",
        "tokenize",
        "download",
        "doctor"
      })
  void helpHasAnExample(String command) {
    Cli.Result help = Cli.run(command, "--help").succeeds();
    assertTrue(help.out().startsWith("Usage: clip4j " + command), help.out());
    assertTrue(help.out().contains("  clip4j " + command + " "), help.out());
    assertTrue(help.out().contains("Example"), help.out());
    assertTrue(Cli.run("--help").succeeds().out().contains("  " + command + " "));
  }

  @Test
  void version() {
    String version = Cli.run("--version").succeeds().out();
    assertTrue(version.matches("clip4j \\d+\\.\\d+\\.\\d+.*\\n"), version);
  }

  @Test
  void verboseShowsWhereAnErrorArose() {
    String[] wrong = {"tokenize", "--text", "a", "--model", "no-such-folder"};
    Cli.run((Object[]) wrong).failsWith(1, "no-such-folder");
    String err = Cli.run("tokenize", "--text", "a", "--model", "no-such-folder", "--verbose").err();
    assertTrue(err.lines().count() > 3 && err.contains("ModelOption.java"), err);
  }

  @Test
  void errorsStayOnTheirLine() {
    String err =
        Cli.run("tokenize", "--text", "a", "--model", "two\nlines\u001b[31m").failsWith(1).err();
    assertTrue(err.contains("two\\nlines\\x1b[31m"), err);
  }

  @Test
  void undecodedArgumentsAreRefused() {
    String before = System.getProperty("sun.jnu.encoding");
    try {
      System.setProperty("sun.jnu.encoding", "US-ASCII");
      assertThrows(Failure.class, () -> Arguments.checkDecoded("gr\uFFFDn"));
      Arguments.checkDecoded("green");
      System.setProperty("sun.jnu.encoding", "UTF-8");
      Arguments.checkDecoded("gr\uFFFDn");
    } finally {
      System.setProperty("sun.jnu.encoding", before);
    }
    assertFalse(Cli.run("tokenize", "--text", "gr\uFFFDn", "--model", Cli.MODEL).out().isEmpty());
  }
}
