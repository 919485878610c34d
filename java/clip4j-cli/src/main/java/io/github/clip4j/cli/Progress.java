package io.github.clip4j.cli;

import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on stderr while something takes time; nothing where stderr is not a terminal. */
final class Progress implements AutoCloseable {
  private static final int WIDTH = 79;

  private final Console console;
  private final ProgressBar bar;

  /**
   * @param total -1 where it is not known
   */
  Progress(Console console, String task, String unit, long unitSize, long total) {
    this.console = console;
    this.bar =
        console.terminal()
            ? new ProgressBarBuilder()
                .setTaskName(task)
                .setUnit(unit, unitSize)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .setConsumer(new DelegatingProgressBarConsumer(this::draw, WIDTH))
                .build()
            : null;
  }

  private void draw(String line) {
    console.err().print("\r" + line);
    console.err().flush();
  }

  void advance(long count) {
    if (bar != null) {
      bar.stepBy(count);
    }
  }

  void moveTo(long position, long total) {
    if (bar != null) {
      bar.maxHint(total);
      bar.stepTo(position);
    }
  }

  /** Removes the bar. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      console.err().print("\r\033[K");
      console.err().flush();
    }
  }
}
