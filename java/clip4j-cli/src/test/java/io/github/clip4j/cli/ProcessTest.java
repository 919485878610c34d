package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What only a process of its own shows: locale, signals, exit status, an empty stderr. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ProcessTest {
  private static final String CLASS_PATH =
      System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

  @TempDir Path folder;

  /** SIGINT may be ignored here, as it is in background jobs of shells; the child gets it anew. */
  private ProcessBuilder command(String locale, Object... args) {
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.add("-Duser.home=" + System.getProperty("user.home"));
    command.addAll(List.of("-cp", CLASS_PATH, "io.github.clip4j.cli.Main"));
    for (Object arg : args) {
      command.add(arg.toString());
    }
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("LC_ALL", locale);
    builder.environment().put("HF_HUB_OFFLINE", "1");
    builder.environment().put("HF_HUB_CACHE", folder.resolve("hub").toString());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.redirectOutput(folder.resolve("stdout").toFile());
    builder.redirectError(folder.resolve("stderr").toFile());
    return builder;
  }

  private Cli.Result run(String locale, Object... args) throws Exception {
    int status = command(locale, args).start().waitFor();
    return new Cli.Result(
        status, Cli.read(folder.resolve("stdout")), Cli.read(folder.resolve("stderr")));
  }

  @Test
  void outputIsUtf8WhateverTheLocale() throws Exception {
    Path text = Cli.write(folder.resolve("text"), "Eule 🦉 grün\n");
    run("C", "embed", "--texts-file", text, "--model", Cli.MODEL, "--out", "x.jsonl").succeeds();
    assertEquals(List.of("Eule 🦉 grün"), Cli.ids(folder.resolve("x.jsonl")));
    assertTrue(Cli.read(folder.resolve("x.jsonl")).startsWith("{\"id\":\"Eule 🦉 grün\""));
    run("C", "embed", "--texts-file", text, "--model", Cli.MODEL, "--out", "x.npy").succeeds();
    String out =
        run("C", "topk", "--queries", "x.npy", "--corpus", "x.npy", "-k", 1).succeeds().out();
    assertTrue(out.contains("Eule 🦉 grün"), out);
    assertFalse(out.contains("\uFFFD"), out);
    run("C", "demo", "--out", ".").succeeds();
    assertTrue(Cli.read(folder.resolve("gallery.html")).contains("✓ match"));
  }

  @Test
  void argumentsAndFileNamesUnderTheLaunchersLocale() throws Exception {
    Path owl = Cli.picture("noto-owl.png", folder, "Eule 🦉.png");
    Cli.Result result =
        run(
            "C.UTF-8", "match", "--model", Cli.MODEL, "--image", owl, "--text", "grün 🦉",
            "--json");
    String json = result.succeeds().array().get(0).toString();
    assertTrue(json.contains("Eule 🦉.png") && json.contains("grün 🦉"), json);
    run("C.UTF-8", "match", "--image", "fehlt-ü.png", "--text", "a").failsWith(1, "fehlt-ü.png");
  }

  @Test
  void argumentsThatTheLocaleCannotHoldAreRefused() throws Exception {
    Cli.Result result = run("C", "tokenize", "--text", "grün", "--json");
    if (result.status() != 0) { // Newer JVMs decode them.
      result.failsWith(1, "arguments", "LC_ALL=C.UTF-8");
    }
  }

  @Test
  void modelsOfTheHubComeFromItsCache() throws Exception {
    Path cached = Files.createDirectories(folder.resolve("hub/models--org--emoji"));
    String commit = "0123456789".repeat(4);
    Cli.write(Files.createDirectories(cached.resolve("refs")).resolve("v1"), commit);
    Path snapshot = Files.createDirectories(cached.resolve("snapshots").resolve(commit));
    for (String file :
        List.of("config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors")) {
      Files.copy(Path.of(Cli.MODEL, file), snapshot.resolve(file));
    }
    run("C", "embed", "--text", "a", "--model", "org/emoji@v1", "--out", "hub.jsonl").succeeds();
    run("C", "embed", "--text", "a", "--model", Cli.MODEL, "--out", "folder.jsonl").succeeds();
    assertEquals(Cli.read(folder.resolve("folder.jsonl")), Cli.read(folder.resolve("hub.jsonl")));
    run("C", "tokenize", "--text", "a", "--model", "org/emoji")
        .failsWith(1, "org/emoji: is not a folder", "not in the cache", "HF_HUB_OFFLINE");
  }

  @Test
  void successIsQuietAndErrorsAreOneLine() throws Exception {
    Path owl = Cli.picture("noto-owl.png", folder);
    run("C.UTF-8", "embed", "--images", owl, "--model", Cli.MODEL, "--out", "x.npy").succeeds();
    run("C.UTF-8", "tokenize", "--text", "-hello", "--json").succeeds();
    run("C.UTF-8", "tokenize", "--text", "a", "--model", "none").failsWith(1, "model 'none'");
    run("C.UTF-8", "tokenize").failsWith(2, "--text");
    Cli.Result cut =
        run("C.UTF-8", "match", "--image", owl, "--model", Cli.MODEL, "--text", "a ".repeat(99));
    assertEquals(1, cut.hasStatus(0).err().lines().count(), cut.err());
    assertTrue(cut.err().startsWith("clip4j: note: 1 of 1 texts were cut to 32 tokens"), cut.err());
  }

  @Test
  void fullDisksAreNoticed() throws Exception {
    ProcessBuilder builder = command("C.UTF-8", "--help");
    builder.redirectOutput(Path.of("/dev/full").toFile());
    assertEquals(1, builder.start().waitFor());
    String line = Cli.read(folder.resolve("stderr"));
    assertTrue(line.startsWith("clip4j: stdout: cannot be written: No space left"), line);
    assertEquals(1, line.lines().count(), line);
  }

  /** As with {@code | head}. */
  @Test
  void aReaderThatHasSeenEnoughEndsTheCommandWithoutAWord() throws Exception {
    int rows = 1000; // Hits of some 30 MB.
    double[] values = new double[rows];
    Arrays.fill(values, 1);
    Path npy = Cli.npy(folder.resolve("x.npy"), "<f4", rows, 1, values);
    for (String form : List.of("--json", "--repeat=1")) {
      ProcessBuilder builder =
          command("C.UTF-8", "topk", "--queries", npy, "--corpus", npy, "-k", rows, form);
      Process process = builder.redirectOutput(ProcessBuilder.Redirect.PIPE).start();
      try (InputStream out = process.getInputStream()) {
        assertTrue(out.read() >= 0);
      }
      assertEquals(1, process.waitFor());
      assertEquals("", Cli.read(folder.resolve("stderr")));
    }
  }

  @Test
  void interruptionLeavesNothingPartial() throws Exception {
    Cli.write(
        folder.resolve("texts"), "a text that is embedded again and again\n".repeat(2_000_000));
    Cli.write(folder.resolve("out.npy"), "old");
    Process process =
        command(
                "C.UTF-8",
                "embed",
                "--texts-file",
                "texts",
                "--model",
                Cli.MODEL,
                "--out",
                "out.npy")
            .start();
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
    while (sizeOfTemporary(folder) < 100_000 && process.isAlive() && System.nanoTime() < deadline) {
      Thread.sleep(20);
    }
    new ProcessBuilder("kill", "-INT", "" + process.pid()).start().waitFor();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(130, process.exitValue(), Cli.read(folder.resolve("stderr")));
    assertEquals(List.of("out.npy", "stderr", "stdout", "texts"), Cli.namesIn(folder));
    assertEquals("old", Cli.read(folder.resolve("out.npy")));
    assertEquals("", Cli.read(folder.resolve("stdout")));
    assertEquals("", Cli.read(folder.resolve("stderr")));
  }

  @Test
  void interruptedIndexingLeavesNoIndexAndDoesNotBlockTheNext() throws Exception {
    Path pictures = Files.createDirectories(folder.resolve("pictures"));
    byte[] owl = Files.readAllBytes(Cli.picture("noto-owl.png", folder.resolve("in")));
    for (int i = 0; i < 3000; i++) { // All different: PNG ignores what follows its end.
      byte[] picture = Arrays.copyOf(owl, owl.length + 4);
      ByteBuffer.wrap(picture).putInt(owl.length, i);
      Files.write(pictures.resolve(i + ".png"), picture);
    }
    Process process =
        command("C.UTF-8", "index", "idx", "--images", "pictures", "--model", Cli.MODEL).start();
    Path index = folder.resolve("idx");
    while (process.isAlive() && !Files.exists(index.resolve("manifest.safetensors"))) {
      Thread.sleep(5);
    }
    new ProcessBuilder("kill", "-INT", "" + process.pid()).start().waitFor();
    assertEquals(130, process.waitFor(), Cli.read(folder.resolve("stderr")));
    assertEquals("", Cli.read(folder.resolve("stderr")));
    assertEquals("", Cli.read(folder.resolve("stdout")));
    Cli.run("search", index, "--text", "owl").failsWith(1, "holds no index");
    String out =
        Cli.run("index", index, "--images", folder.resolve("in"), "--model", Cli.MODEL)
            .succeeds()
            .out();
    assertTrue(out.contains("1 pictures"), out);
  }

  private static long sizeOfTemporary(Path folder) throws IOException {
    long size = 0;
    for (String name : Cli.namesIn(folder)) {
      Path file = folder.resolve(name);
      size += name.endsWith(".tmp") && Files.exists(file) ? Files.size(file) : 0;
    }
    return size;
  }

  @Test
  void badBytesInFileNames() throws Exception {
    String script = "cp \"$1\" \"$(printf 'gr\\374n.png')\"";
    Path owl = Cli.picture("noto-owl.png", folder.resolve("in"));
    new ProcessBuilder("sh", "-c", script, "sh", owl.toString())
        .directory(folder.resolve("in").toFile())
        .start()
        .waitFor();
    Cli.Result result =
        run("C.UTF-8", "embed", "--images", "in", "--model", Cli.MODEL, "--out", "x.npy");
    assertTrue(result.status() == 0 || result.status() == 3, result.err());
    assertTrue(Cli.ids(folder.resolve("x.npy")).contains("in/noto-owl.png"));
    assertEquals(result.status() == 0 ? 0 : 1, result.err().lines().count(), result.err());
  }

  /** They decode to the same replacement characters. */
  @Test
  void twoFilesWhoseNamesAreNotUtf8AreTwo() throws Exception {
    String script = "cp \"$1\" \"$(printf 'a\\374.png')\"; cp \"$2\" \"$(printf 'a\\344.png')\"";
    Path owl = Cli.picture("noto-owl.png", folder.resolve("all"));
    Path rocket = Cli.picture("noto-rocket.png", folder.resolve("all"));
    Path in = Files.createDirectories(folder.resolve("in"));
    new ProcessBuilder("sh", "-c", script, "sh", owl.toString(), rocket.toString())
        .directory(in.toFile())
        .start()
        .waitFor();
    assertEquals(2, Cli.namesIn(in).size());
    String out =
        run("C.UTF-8", "index", "idx", "--images", "in", "--model", Cli.MODEL).succeeds().out();
    assertEquals("idx: 2 pictures (2 embedded, 0 known, 0 dropped)\n", out);
  }
}
