package io.github.clip4j.cli;

import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** An error for the user: {@code WHAT: WHY (what to do)}. */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  Failure(String what, String why, String todo) {
    this(what, why, todo, null);
  }

  Failure(String what, String why, String todo, Throwable cause) {
    this(line(what, why, todo), ExitStatus.ERROR, cause);
  }

  private Failure(String line, int status, Throwable cause) {
    super(line, cause);
    this.status = status;
  }

  /** The same, as the fault of the command line. */
  Failure usage() {
    return new Failure(getMessage(), ExitStatus.USAGE, getCause());
  }

  int status() {
    return status;
  }

  /** What the library says of {@code what}. */
  static Failure of(String what, RuntimeException e) {
    return of(what, e, e instanceof Clip4jException known ? advice(known.kind()) : "see --help");
  }

  /** What the library says of {@code what}, with other advice than the usual. */
  static Failure of(String what, RuntimeException e, String todo) {
    if (e instanceof Clip4jException known && known.kind() == Kind.SHUTTING_DOWN) {
      throw known;
    }
    if (e instanceof Clip4jException || e instanceof IllegalArgumentException) {
      return new Failure(what, without(what, e.getMessage()), todo, e);
    }
    return of(e);
  }

  /** What the system says when {@code what} cannot be read or written. */
  static Failure of(String what, String why, IOException e) {
    return new Failure(what, why + ": " + reason(e), "check its folder, permissions and disk", e);
  }

  /** Any error that nobody was closer to. */
  static Failure of(Throwable e) {
    if (e instanceof Failure failure) {
      return failure;
    }
    if (e instanceof Clip4jException || e instanceof IllegalArgumentException) {
      return of("error", (RuntimeException) e);
    }
    if (e instanceof OutOfMemoryError) {
      boolean threads = String.valueOf(e.getMessage()).contains("native thread");
      String todo =
          threads ? "allow more: ulimit -u, the container's pids" : "give Java more, e.g. -Xmx4g";
      return new Failure(threads ? "threads" : "memory", "" + e.getMessage(), todo, e);
    }
    if (e instanceof IOException io) {
      return of("files", "cannot be read or written", io);
    }
    return new Failure("internal error", e.toString(), "run it again with --verbose, report it", e);
  }

  /** The reason alone, in words and without the file's name. */
  static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "there is a file of that name";
    }
    String reason = e instanceof FileSystemException known ? known.getReason() : e.getMessage();
    return reason == null ? e.getClass().getSimpleName() : reason;
  }

  static String advice(Kind kind) {
    return switch (kind) {
      case INVALID_ARGUMENT -> "see --help";
      case OUT_OF_MEMORY -> "free memory, or give it less at once";
      case MISSING -> "check the name";
      case UNREADABLE -> "check that it is a file that you may read";
      case CORRUPT -> "get a good copy";
      case TOO_LARGE -> "make it smaller";
      case UNSUPPORTED -> "convert it, or use another";
      case UNWRITABLE -> "check permissions and the space that is left";
      case LOCKED -> "try again when it is done";
      case SHUTTING_DOWN, INTERNAL -> "run it again with --verbose, report it";
    };
  }

  /** A line of the form that all have; a message that says itself what to do needs no more. */
  static String line(String what, String why, String todo) {
    return what + ": " + why + (why.endsWith(")") ? "" : " (" + todo + ")");
  }

  private static String without(String what, String message) {
    if (message == null) {
      return "failed";
    }
    boolean repeated = message.length() > what.length() + 1 && message.startsWith(what);
    return repeated && " :/".indexOf(message.charAt(what.length())) >= 0
        ? message.substring(what.length() + 1).strip()
        : message;
  }
}
