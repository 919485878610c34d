package io.github.clip4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgressTest {
  @TempDir Path folder;

  @Test
  void terminalsSeeABarAndNothingOfItStays() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            true);
    String file = folder.resolve("x.npy").toString();
    assertEquals(0, Main.run(console, "embed", "--text", "a", "--model", Cli.MODEL, "--out", file));
    assertEquals(file + ": 1 x 192\n", out.toString(StandardCharsets.UTF_8));
    String shown = err.toString(StandardCharsets.UTF_8);
    assertTrue(shown.contains("embedding") && shown.contains("1/1"), shown);
    assertTrue(shown.endsWith("\r\033[K"), shown);
  }
}
