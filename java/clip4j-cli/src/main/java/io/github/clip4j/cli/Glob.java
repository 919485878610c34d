package io.github.clip4j.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import java.util.stream.StreamSupport;

/**
 * File name patterns as shells have them: {@code *}, {@code ?}, {@code [a-z]}, {@code {a,b}} within
 * a name, {@code **} for folders at any depth; a leading dot is matched by a dot alone.
 */
final class Glob {
  private final Set<Path> matches = new LinkedHashSet<>();

  private Glob() {}

  static boolean isOne(String argument) {
    return argument.chars().anyMatch(c -> "*?[{".indexOf(c) >= 0);
  }

  /** What there is, sorted within each folder. */
  static List<Path> expand(Path pattern) {
    List<String> names = new ArrayList<>();
    pattern.forEach(name -> names.add(name.toString()));
    Glob glob = new Glob();
    glob.expand(pattern.isAbsolute() ? pattern.getRoot() : Path.of(""), names);
    return List.copyOf(glob.matches);
  }

  private void expand(Path folder, List<String> names) {
    if (names.isEmpty()) {
      matches.add(folder);
      return;
    }
    String name = names.get(0);
    List<String> rest = names.subList(1, names.size());
    if (name.equals("**")) {
      expand(folder, rest);
      for (Path child : children(folder)) {
        if (!Pictures.isHidden(child) && isRealFolder(child)) {
          expand(child, names);
        }
      }
    } else if (!isOne(name)) {
      Path child = folder.resolve(name);
      if (Files.exists(child)) {
        expand(child, rest);
      }
    } else {
      for (Path child : children(folder)) {
        if (matches(name, child) && (rest.isEmpty() || Files.isDirectory(child))) {
          expand(child, rest);
        }
      }
    }
  }

  private static boolean matches(String pattern, Path child) {
    try {
      PathMatcher matcher = child.getFileSystem().getPathMatcher("glob:" + pattern);
      return matcher.matches(child.getFileName())
          && (pattern.startsWith(".") || !Pictures.isHidden(child));
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  /** Not through symbolic links, which may lead back up. */
  private static boolean isRealFolder(Path path) {
    return Files.isDirectory(path) && !Files.isSymbolicLink(path);
  }

  private static List<Path> children(Path folder) {
    try (DirectoryStream<Path> children = Files.newDirectoryStream(folder)) {
      return StreamSupport.stream(children.spliterator(), false).sorted().toList();
    } catch (IOException e) {
      return List.of(); // Not a folder, or not ours to read: nothing in it matches.
    }
  }
}
