package io.github.clip4j.cli;

import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** What the library logs, as lines like the command's own. */
final class LogLines extends Handler {
  private final Console console;

  private LogLines(Console console) {
    this.console = console;
    setLevel(Level.WARNING);
    setFormatter(new SimpleFormatter());
  }

  static void install(Console console) {
    Logger root = Logger.getLogger("");
    for (Handler handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    root.addHandler(new LogLines(console));
  }

  @Override
  public void publish(LogRecord message) {
    if (isLoggable(message)) {
      console.say("note: " + getFormatter().formatMessage(message));
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
