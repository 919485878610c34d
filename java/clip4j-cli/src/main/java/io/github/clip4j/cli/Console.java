package io.github.clip4j.cli;

import java.io.BufferedOutputStream;
import java.io.BufferedWriter;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Results on stdout, everything else on stderr, both in UTF-8. */
final class Console {
  private final PrintStream out;
  private final PrintStream err;
  private final boolean terminal;

  /**
   * @param terminal whether {@code err} is a terminal, where progress can be shown
   */
  Console(PrintStream out, PrintStream err, boolean terminal) {
    this.out = out;
    this.err = err;
    this.terminal = terminal;
  }

  static Console ofProcess() {
    return new Console(
        stream(new Stdout(new FileOutputStream(FileDescriptor.out)), 1 << 16),
        stream(new FileOutputStream(FileDescriptor.err), 1),
        errIsTerminal());
  }

  private static PrintStream stream(OutputStream out, int buffer) {
    BufferedOutputStream bytes = new BufferedOutputStream(out, buffer);
    return new PrintStream(bytes, buffer == 1, StandardCharsets.UTF_8);
  }

  /** Java can ask for stdin and stdout together only; this is Linux's answer for stderr. */
  private static boolean errIsTerminal() {
    try {
      String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  boolean terminal() {
    return terminal;
  }

  PrintStream err() {
    return err;
  }

  /** For picocli, which would print a stack trace if flushing threw: that is left to finish. */
  PrintWriter outWriter() {
    return new PrintWriter(
        new Writer() {
          @Override
          public void write(char[] text, int from, int length) {
            out.print(String.valueOf(text, from, length));
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        });
  }

  PrintWriter errWriter() {
    return new PrintWriter(err, true, StandardCharsets.UTF_8);
  }

  /** A line of the result. */
  void print(String line) {
    out.print(printable(line) + "\n");
  }

  /** The result, as a JSON document on a line of its own. */
  void json(Object value) {
    PrintWriter writer =
        new PrintWriter(new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8)));
    Json.GSON.toJson(value, writer);
    writer.print("\n");
    writer.flush();
  }

  /** One line on stderr, whatever the message holds. */
  void say(String message) {
    err.print((terminal ? "\r\033[K" : "") + "clip4j: " + printable(message) + "\n");
    err.flush();
  }

  /** A file's name may hold line breaks and escape sequences. */
  private static String printable(String message) {
    StringBuilder line = new StringBuilder(message.length());
    message
        .codePoints()
        .forEach(
            c -> {
              if (c == '\n') {
                line.append("\\n");
              } else if (Character.isISOControl(c) && c != '\t') {
                line.append("\\x%02x".formatted(c));
              } else {
                line.appendCodePoint(c);
              }
            });
    return line.toString();
  }

  /**
   * Writes out what is buffered.
   *
   * @throws RuntimeException as {@link Stdout} does
   */
  void finish() {
    out.flush();
  }
}
