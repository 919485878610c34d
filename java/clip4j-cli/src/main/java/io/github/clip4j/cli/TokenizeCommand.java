package io.github.clip4j.cli;

import io.github.clip4j.ClipModel;
import io.github.clip4j.LoadOptions;
import io.github.clip4j.Tokens;
import java.util.Arrays;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code clip4j tokenize}: a text as the model reads it. */
@Command(
    name = "tokenize",
    description = "Show a text as the model reads it: token ids, begin and end included.",
    footer = {
      "",
      "Example:",
      "  clip4j tokenize --text 'a red apple' --json",
    })
final class TokenizeCommand extends Subcommand {
  @Option(
      names = "--text",
      paramLabel = "T",
      parameterConsumer = Arguments.Verbatim.class,
      required = true,
      description = "A text.")
  private String text;

  @Mixin private ModelOption model;

  @Option(names = "--json", description = "Print {\"ids\", \"truncated\"}.")
  private boolean json;

  TokenizeCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    try (ClipModel loaded = model.load(LoadOptions.DEFAULT, console)) {
      Tokens tokens = tokenize(loaded);
      if (json) {
        console.json(tokens);
        return ExitStatus.DONE;
      }
      console.print(
          Arrays.stream(tokens.ids()).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
      if (tokens.truncated()) {
        console.say(
            "note: the text is longer than %d tokens and was cut".formatted(loaded.maxTokens()));
      }
    }
    return ExitStatus.DONE;
  }

  private Tokens tokenize(ClipModel loaded) {
    try {
      return loaded.tokenize(text);
    } catch (RuntimeException e) {
      throw Failure.of("--text", e);
    }
  }
}
