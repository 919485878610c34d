package io.github.clip4j.cli;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The clip4j command. */
@Command(
    name = "clip4j",
    description = "Image-text semantic matching: CLIP embeddings and exact search.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Version.class,
    footer = {
      "",
      "Example: clip4j demo",
      "In a checkout also: ./clip4j test, install, soak, benchmark (README.md, benchmarks/README.md).",
      "clip4j COMMAND --help says more. Exit status: 0 done, 1 error, 2 wrong usage, 3 some items failed."
    })
public final class Main implements Callable<Integer> {
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the version.")
  private boolean version;

  private final Console console;

  private Main(Console console) {
    this.console = console;
  }

  /** Runs the command and exits with its status. */
  public static void main(String[] args) {
    Console console = Console.ofProcess();
    LogLines.install(console);
    System.exit(run(console, args));
  }

  /** Runs one command; its exit status is the result. */
  static int run(Console console, String... args) {
    Locale.setDefault(Locale.ROOT);
    int status;
    try {
      status = execute(console, args);
    } catch (
        Throwable e) { // OutOfMemoryError and LinkageError among them; picocli handles the rest
      status = report(console, e, false);
    }
    try {
      console.finish();
    } catch (RuntimeException e) {
      status = report(console, e, false);
    }
    return status;
  }

  private static int execute(Console console, String[] args) {
    CommandLine line = commandLine(console);
    Arguments.checkDecoded(args);
    return line.execute(args);
  }

  static CommandLine commandLine(Console console) {
    return new CommandLine(new Main(console))
        .addSubcommand(new DemoCommand(console))
        .addSubcommand(new EmbedCommand(console))
        .addSubcommand(new TopkCommand(console))
        .addSubcommand(new IndexCommand(console))
        .addSubcommand(new SearchCommand(console))
        .addSubcommand(new MatchCommand(console))
        .addSubcommand(new ClassifyCommand(console))
        .addSubcommand(new PreprocessCommand(console))
        .addSubcommand(new TokenizeCommand(console))
        .addSubcommand(
            new CommandLine(new ModelCommand(console))
                .addSubcommand(new ModelCommand.Info(console)))
        .addSubcommand(new DownloadCommand(console))
        .addSubcommand(new DoctorCommand(console))
        .setExpandAtFiles(false)
        .setPosixClusteredShortOptionsAllowed(false)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setOut(console.outWriter())
        .setErr(console.errWriter())
        .setParameterExceptionHandler((e, given) -> reportUsage(console, e))
        .setExecutionExceptionHandler(
            (e, line, parsed) -> {
              boolean verbose = line.getCommand() instanceof Subcommand command && command.verbose;
              return report(console, e, verbose);
            });
  }

  @Override
  public Integer call() {
    throw new Failure("usage", "no command was given", "see clip4j --help").usage();
  }

  private static int reportUsage(Console console, ParameterException e) {
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    String todo = "see " + command + " --help";
    console.say(new Failure("usage", likeliest(e).getMessage(), todo).getMessage());
    return ExitStatus.USAGE;
  }

  /** An option that is missing has often been misspelled, which picocli would say later. */
  private static ParameterException likeliest(ParameterException e) {
    List<String> unknown = e.getCommandLine().getUnmatchedArguments();
    return e instanceof MissingParameterException && !unknown.isEmpty()
        ? new UnmatchedArgumentException(e.getCommandLine(), unknown)
        : e;
  }

  private static int report(Console console, Throwable e, boolean verbose) {
    if (e instanceof Clip4jException failure && failure.kind() == Kind.SHUTTING_DOWN) {
      return ExitStatus.ERROR; // Ctrl-C, or nobody reads on; the user knows.
    }
    Failure failure = Failure.of(e);
    console.say(failure.getMessage());
    if (verbose) {
      e.printStackTrace(console.err());
    }
    return failure.status();
  }
}
