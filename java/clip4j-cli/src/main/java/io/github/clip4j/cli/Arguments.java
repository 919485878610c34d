package io.github.clip4j.cli;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Stack;
import picocli.CommandLine.IParameterConsumer;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * What an option's value is: whatever follows the option, as getopt has it, so that {@code --text
 * -hello} and even {@code --text --json} are texts. Left to itself picocli would see options there.
 */
final class Arguments {
  private Arguments() {}

  /**
   * @throws Failure where the JVM could not decode the arguments; replacement characters are no
   *     text to search for
   */
  static void checkDecoded(String... args) {
    Charset charset = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));
    if (!charset.equals(StandardCharsets.UTF_8) && String.join("", args).indexOf('\uFFFD') >= 0) {
      throw new Failure(
          "arguments",
          "are not " + charset + ", the encoding of this locale",
          "set LC_ALL=C.UTF-8, as the launcher does");
    }
  }

  /** The next argument; for a repeatable option one more value. Such options have no defaults. */
  static final class Verbatim implements IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
      String value = pop(args, option, command);
      if (option.isMultiValue()) {
        add(option, value);
      } else if (option.getValue() != null) {
        throw new ParameterException(command.commandLine(), name(option) + " is given twice");
      } else if (option.type() == Path.class) {
        option.setValue(path(value, option, command));
      } else {
        option.setValue(value);
      }
    }

    private static Path path(String value, ArgSpec option, CommandSpec command) {
      if (!value.isEmpty()) {
        try {
          return Path.of(value);
        } catch (InvalidPathException e) {
          // No file system has such a name.
        }
      }
      throw new ParameterException(
          command.commandLine(), "'" + value + "' is no file name for " + name(option));
    }
  }

  /** The next argument and those after it up to the next option. */
  static final class VerbatimList implements IParameterConsumer {
    @Override
    public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
      add(option, pop(args, option, command));
      while (!args.isEmpty() && isValue(command, args.peek())) {
        add(option, args.pop());
      }
    }

    /** An argument with a dash is a value only if there is such a file. */
    private static boolean isValue(CommandSpec command, String argument) {
      if (!argument.startsWith("-")) {
        return true;
      }
      if (argument.equals("--") || command.optionsMap().containsKey(argument.split("=", 2)[0])) {
        return false;
      }
      try {
        return Files.exists(Path.of(argument));
      } catch (InvalidPathException e) {
        return false;
      }
    }
  }

  private static String pop(Stack<String> args, ArgSpec option, CommandSpec command) {
    if (args.isEmpty()) {
      throw new ParameterException(command.commandLine(), name(option) + " needs a value");
    }
    return args.pop();
  }

  private static void add(ArgSpec option, String value) {
    List<String> values = option.getValue();
    List<String> more = values == null ? new ArrayList<>() : values;
    more.add(value);
    option.setValue(more);
  }

  private static String name(ArgSpec option) {
    return option instanceof OptionSpec named ? named.longestName() : option.paramLabel();
  }
}
