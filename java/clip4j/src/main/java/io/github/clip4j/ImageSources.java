package io.github.clip4j;

import io.github.clip4j.internal.ImageInput;
import io.github.clip4j.internal.RgbPixels;
import io.github.clip4j.internal.net.HttpAddress;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;

/** The kinds of {@link ImageSource}, and how each gets to native code. */
final class ImageSources {
  private ImageSources() {}

  /** The picture, fetched where it is not a file. Throws Clip4jException where that fails. */
  static ImageInput input(ImageSource source, long maxBytes) {
    if (source instanceof File file) {
      return file.input(maxBytes);
    } else if (source instanceof Encoded encoded) {
      checkSize(encoded.input().data().remaining(), maxBytes);
      return encoded.input();
    } else if (source instanceof Pixels pixels) {
      return pixels.input;
    }
    return ((Remote) Objects.requireNonNull(source, "image")).input(maxBytes);
  }

  /** Before the copy to native memory; native code checks the size of files. */
  private static void checkSize(long bytes, long maxBytes) {
    if (bytes > maxBytes) {
      throw new Clip4jException(
          Kind.TOO_LARGE, bytes + " encoded bytes, over the limit of " + maxBytes);
    }
  }

  record File(Path path) implements ImageSource {
    File {
      Objects.requireNonNull(path, "file");
    }

    @Override
    public String describe() {
      return path.toString();
    }

    /** Native code reads the default file system's files; what others hold is read here. */
    private ImageInput input(long maxBytes) {
      if (path.getFileSystem() == FileSystems.getDefault()) {
        return ImageInput.file(path);
      }
      try {
        checkSize(Files.size(path), maxBytes);
        return ImageInput.encoded(ByteBuffer.wrap(Files.readAllBytes(path)));
      } catch (NoSuchFileException e) {
        throw new Clip4jException(Kind.MISSING, "no such file", e);
      } catch (IOException | ClosedFileSystemException e) {
        throw new Clip4jException(Kind.UNREADABLE, "cannot be read: " + e, e);
      }
    }
  }

  record Encoded(ImageInput input) implements ImageSource {
    @Override
    public String describe() {
      return "an encoded picture of " + input.data().remaining() + " bytes";
    }
  }

  record Remote(URI address, Downloader downloader) implements ImageSource {
    Remote {
      Objects.requireNonNull(downloader, "downloader");
    }

    @Override
    public String describe() {
      return HttpAddress.shown(address);
    }

    /** The address may hold a password. */
    @Override
    public String toString() {
      return "Remote[" + describe() + "]";
    }

    private ImageInput input(long maxBytes) {
      return ImageInput.encoded(ByteBuffer.wrap(downloader.fetch(address, maxBytes)));
    }
  }

  /** A class and not a record, so that its equality is cheap: it is itself alone. */
  static final class Pixels implements ImageSource {
    private final ImageInput input;

    private Pixels(ImageInput input) {
      this.input = input;
    }

    static Pixels of(byte[] rgb, int width, int height) {
      if (width < 1 || height < 1 || 3L * width * height != rgb.length) {
        throw new IllegalArgumentException(
            "%d bytes are not %d x %d pixels of 3 bytes".formatted(rgb.length, width, height));
      }
      return new Pixels(ImageInput.rgb(ByteBuffer.wrap(rgb), width, height));
    }

    static Pixels of(BufferedImage image) {
      return of(RgbPixels.of(image), image.getWidth(), image.getHeight());
    }

    @Override
    public String describe() {
      return "a picture of " + input.width() + " x " + input.height() + " pixels";
    }
  }
}
