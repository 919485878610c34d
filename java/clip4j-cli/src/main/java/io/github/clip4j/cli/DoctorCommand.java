package io.github.clip4j.cli;

import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code clip4j doctor}: what clip4j found on this machine. */
@Command(
    name = "doctor",
    description = {
      "Report versions, CPU features and the kernels chosen, the first GPU or what it lacks, native"
          + " libraries and where they came from, caches, threads and memory; and embed a text to see"
          + " that all of it works."
    },
    footer = {
      "",
      "Example:",
      "  clip4j doctor --json",
    })
final class DoctorCommand extends Subcommand {
  @Option(names = "--json", description = "Print the report as JSON.")
  private boolean json;

  DoctorCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    DoctorReport report = new Checkup().report();
    if (json) {
      console.json(report);
    } else {
      report.sections().forEach(this::print);
    }
    report.problems().forEach(console::say);
    return report.problems().isEmpty() ? ExitStatus.DONE : ExitStatus.ERROR;
  }

  private void print(String title, Map<String, String> facts) {
    console.print(title);
    facts.forEach((name, value) -> console.print("  %-22s %s".formatted(name, value)));
  }
}
