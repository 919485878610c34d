package io.github.clip4j.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What all commands share. The result of {@code call} is an {@link ExitStatus}. */
@Command(optionListHeading = "%nOptions:%n", sortOptions = false, usageHelpWidth = 100)
abstract class Subcommand implements Callable<Integer> {
  @Option(
      names = "--verbose",
      order = 100,
      description = "Show where in the program an error arose.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      order = 101,
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  final Console console;

  Subcommand(Console console) {
    this.console = console;
  }
}
