package io.github.clip4j.cli;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The pictures that {@code --images P...} names, in the order given. A P is a file; else a glob
 * that the shell left alone; or a folder: the pictures in it and below it, sorted, told by their
 * extensions, nothing whose name begins with a dot.
 */
final class Pictures {
  private static final String FORMATS = "JPEG, PNG, WebP, GIF, BMP and TIFF";

  static final String HELP =
      "Pictures: files, globs, folders (" + FORMATS + " files in them and below, sorted).";

  private static final Set<String> EXTENSIONS =
      Set.of("jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff");

  private final List<PictureFile> found = new ArrayList<>();

  private Pictures() {}

  static List<PictureFile> of(List<String> arguments) {
    Pictures pictures = new Pictures();
    arguments.forEach(pictures::add);
    return pictures.found;
  }

  /** The one picture that a command wants; a name that does not exist fails when it is read. */
  static PictureFile single(String argument) {
    if (argument.isEmpty()) {
      throw new Failure("''", "the file name is empty", "name a file");
    }
    try {
      return PictureFile.of(argument, Path.of(argument));
    } catch (InvalidPathException e) {
      throw new Failure(argument, "is not a file name", "check the name", e);
    }
  }

  private void add(String argument) {
    Path path;
    try {
      path = Path.of(argument);
    } catch (InvalidPathException e) {
      found.add(PictureFile.failed(argument, null, "is not a file name", "check the name"));
      return;
    }
    if (argument.isEmpty()) {
      found.add(PictureFile.failed("''", null, "the file name is empty", "name a file"));
    } else if (Files.exists(path)) {
      add(argument, path);
    } else if (Glob.isOne(argument)) {
      List<Path> matches = Glob.expand(path);
      if (matches.isEmpty()) {
        found.add(PictureFile.failed(argument, null, "matches no file", "check the pattern"));
      }
      matches.forEach(match -> add(match.toString(), match));
    } else {
      found.add(PictureFile.failed(argument, path, "no such file", "check the name"));
    }
  }

  private void add(String id, Path path) {
    if (Files.isDirectory(path)) {
      addFolder(path);
    } else {
      found.add(PictureFile.of(id, path));
    }
  }

  private void addFolder(Path folder) {
    FolderWalk walk = new FolderWalk(folder);
    try {
      Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, walk);
    } catch (IOException e) {
      walk.failed(folder, e);
    }
    if (walk.pictures.isEmpty()) {
      String why = "holds no " + FORMATS + " files";
      found.add(PictureFile.failed(folder.toString(), folder, why, "name another folder"));
    }
    found.addAll(walk.pictures.values());
  }

  static boolean isHidden(Path path) {
    return path.getFileName().toString().startsWith(".");
  }

  private static boolean isPicture(Path path) {
    String name = path.getFileName().toString();
    String extension = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return !isHidden(path) && EXTENSIONS.contains(extension);
  }

  private static final class FolderWalk extends SimpleFileVisitor<Path> {
    private final Map<Path, PictureFile> pictures = new TreeMap<>();
    private final Path top;

    FolderWalk(Path top) {
      this.top = top;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      boolean skip = !folder.equals(top) && isHidden(folder);
      return skip ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (isPicture(file)) {
        pictures.put(file, PictureFile.of(file.toString(), file));
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) {
      if (!(e instanceof FileSystemLoopException)) {
        failed(file, e);
      }
      return FileVisitResult.CONTINUE;
    }

    private void failed(Path file, IOException e) {
      String why = "cannot be read: " + Failure.reason(e);
      pictures.put(file, PictureFile.failed(file.toString(), file, why, "check its permissions"));
    }
  }
}
