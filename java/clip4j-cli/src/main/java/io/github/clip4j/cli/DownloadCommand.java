package io.github.clip4j.cli;

import io.github.clip4j.Downloader;
import io.github.clip4j.internal.net.HttpAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code clip4j download}: a file from the web, whole or not at all. */
@Command(
    name = "download",
    description = {
      "Fetch a file over http or https. It appears whole, under its name, or not at all; what an"
          + " interrupted download left (.NAME.part) is continued by the next one."
    },
    footer = {
      "",
      "Example:",
      "  clip4j download https://example.org/horse.jpg --out pictures/horse.jpg",
    })
final class DownloadCommand extends Subcommand {
  @Parameters(paramLabel = "URL", description = "An http or https address.")
  private String url;

  @Option(
      names = "--sha256",
      paramLabel = "H",
      parameterConsumer = Arguments.Verbatim.class,
      description = "What the file's SHA-256 must be.")
  private String sha256;

  @Option(
      names = "--out",
      paramLabel = "P",
      parameterConsumer = Arguments.Verbatim.class,
      description = "The file, or a folder for it; the address's last name if left out.")
  private String out;

  @Option(names = "--overwrite", description = "Fetch it even if the file is there.")
  private boolean overwrite;

  DownloadCommand(Console console) {
    super(console);
  }

  @Override
  public Integer call() {
    URI address = address();
    Path file = file(address);
    Downloader.Options wanted = options();
    boolean[] fetched = new boolean[1];
    try (Progress progress =
        new Progress(console, file.getFileName().toString(), " MB", 1_000_000, -1)) {
      Downloader.Options options =
          wanted.withProgress(
              (received, total) -> {
                fetched[0] = true;
                progress.moveTo(received, total);
              });
      Downloader.create().download(address, file, options);
    } catch (RuntimeException e) {
      throw Failure.of(HttpAddress.shown(url), e, "check the address, the network and the folder");
    }
    if (!fetched[0]) {
      console.say("note: " + file + " was there already (--overwrite fetches it anew)");
    }
    console.print(file.toString());
    return ExitStatus.DONE;
  }

  private Downloader.Options options() {
    Downloader.Options options = Downloader.Options.DEFAULT.withOverwrite(overwrite);
    try {
      return sha256 == null ? options : options.withSha256(sha256);
    } catch (IllegalArgumentException e) {
      throw Failure.of("--sha256 " + sha256, e, "a SHA-1, of 40, is not checked").usage();
    }
  }

  private URI address() {
    try {
      return new URI(url);
    } catch (URISyntaxException e) {
      throw new Failure(
          HttpAddress.shown(url), "is not an address: " + e.getReason(), "give an http address");
    }
  }

  private Path file(URI address) {
    String path = address.getPath() == null ? "" : address.getPath();
    String name = path.substring(path.lastIndexOf('/') + 1);
    try {
      Path given = Path.of(out == null ? "." : out);
      if (out != null && !Files.isDirectory(given)) {
        if (out.endsWith("/")) {
          throw new Failure(out, "is not a folder that is there", "make it first");
        }
        return given;
      }
      if (name.isEmpty() || name.equals(".") || name.equals("..")) {
        throw new Failure(HttpAddress.shown(url), "names no file", "give one with --out P");
      }
      return out == null ? Path.of(name) : given.resolve(name);
    } catch (InvalidPathException e) {
      throw new Failure(out == null ? name : out, "is not a file name", "give one with --out P", e);
    }
  }
}
