package io.github.clip4j.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.ModelInfo;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code clip4j model}: what there is to do with a model itself. */
@Command(
    name = "model",
    description = "Look at a model.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {"", "Example:", "  clip4j model info openai/clip-vit-base-patch32"})
final class ModelCommand extends Subcommand {
  ModelCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    throw new Failure("usage", "no command was given", "see clip4j model --help").usage();
  }

  /** {@code clip4j model info}: everything that a model's files say. */
  @Command(
      name = "info",
      description = {
        "Load a model and print everything that was read of it: sizes, weights, preprocessing,"
            + " tokenizer, fingerprint and files; and what in its files was ignored."
      },
      footer = {
        "",
        "Example:",
        "  clip4j model info openai/clip-vit-base-patch32 --json",
      })
  static final class Info extends Subcommand {
    @Parameters(
        paramLabel = "M",
        arity = "0..1",
        description = "A model, as --model of other commands. Left out: the built-in one.")
    private String model;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    Info(Console console) {
      super(console);
    }

    @Override
    public Integer call() {
      try (ClipModel loaded = ModelOption.load(model, LoadOptions.DEFAULT, console)) {
        ModelInfo info = loaded.info();
        if (json) {
          console.json(info);
        } else {
          print("", Json.GSON.toJsonTree(info).getAsJsonObject());
        }
      }
      return ExitStatus.DONE;
    }

    /** A line a value; lists of objects, or of names, have a line each. */
    private void print(String indent, JsonObject facts) {
      facts
          .asMap()
          .forEach(
              (name, value) -> {
                String title = indent + name.replace('_', ' ');
                if (value.isJsonObject()) {
                  console.print(title);
                  print(indent + "  ", value.getAsJsonObject());
                } else if (value.isJsonArray() && !isNumbers(value)) {
                  console.print(title + (value.getAsJsonArray().isEmpty() ? ": none" : ""));
                  value.getAsJsonArray().forEach(each -> console.print(indent + "  " + line(each)));
                } else {
                  console.print("%-24s %s".formatted(title, line(value)));
                }
              });
    }

    private static boolean isNumbers(JsonElement list) {
      return list.getAsJsonArray().asList().stream()
          .anyMatch(each -> each.isJsonPrimitive() && each.getAsJsonPrimitive().isNumber());
    }

    private static String line(JsonElement value) {
      if (value.isJsonObject()) {
        return value.getAsJsonObject().asMap().values().stream()
            .map(JsonElement::getAsString)
            .collect(Collectors.joining("  "));
      }
      return value.isJsonArray()
          ? value.getAsJsonArray().asList().stream()
              .map(JsonElement::getAsString)
              .collect(Collectors.joining(" "))
          : value.getAsString();
    }
  }
}
