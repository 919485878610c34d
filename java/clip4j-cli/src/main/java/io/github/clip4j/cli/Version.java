package io.github.clip4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/** The versions that the build writes into version.properties. */
final class Version implements IVersionProvider {
  private final Properties versions = new Properties();

  Version() {
    try (InputStream in = Version.class.getResourceAsStream("version.properties")) {
      versions.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String of(String component) {
    return versions.getProperty(component);
  }

  @Override
  public String[] getVersion() {
    return new String[] {"clip4j " + of("clip4j")};
  }
}
