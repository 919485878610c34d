package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Where the uncompressed entries of a zip file lie, as torch.save writes them: the directory at the
 * end of the file, zip64 included. The JDK's reader does not say where.
 *
 * @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">the format</a>
 */
final class StoredZip {
  /** What every zip file that is not empty begins with. */
  static final int LOCAL_HEADER = 0x04034b50;

  private static final int DIRECTORY_ENTRY = 0x02014b50;
  private static final int END = 0x06054b50;
  private static final int END_64 = 0x06064b50;
  private static final int LOCATOR_64 = 0x07064b50;
  private static final int END_BYTES = 22;
  private static final int LOCATOR_64_BYTES = 20;
  private static final int END_64_BYTES = 56;
  private static final int DIRECTORY_ENTRY_BYTES = 46;
  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int ENCRYPTED = 1;
  private static final long IN_64 = 0xFFFFFFFFL;
  private static final int MAX_DIRECTORY_BYTES = 2 << 20;

  /** Stands for what is compressed or encrypted, as the code in a TorchScript archive is. */
  private static final Entry NOT_PLAIN = new Entry(0, 0);

  /** An entry's content, from the start of the file. */
  record Entry(long offset, long size) {}

  private final Path file;
  private final FileChannel channel;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private long directory;
  private long directoryBytes;

  private StoredZip(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static StoredZip open(Path file, FileChannel channel) throws IOException {
    StoredZip zip = new StoredZip(file, channel);
    zip.findDirectory();
    zip.readDirectory();
    return zip;
  }

  /** Of all entries, in the directory's order. */
  Set<String> names() {
    return entries.keySet();
  }

  boolean has(String name) {
    return entries.containsKey(name);
  }

  /** An entry that is there; UNSUPPORTED where it is compressed or encrypted. */
  Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == NOT_PLAIN) {
      throw InputFile.unsupported(
          file, "\"" + name + "\" in it is compressed or encrypted, as torch.save never writes it");
    }
    return entry;
  }

  private ByteBuffer bytes(long position, int count) throws IOException {
    if (position < 0 || position > channel.size() - count) {
      throw corrupt("its zip directory points outside the file (was it cut short?)");
    }
    return InputFile.bytes(channel, position, count).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static long unsigned(ByteBuffer bytes, int at) {
    return Integer.toUnsignedLong(bytes.getInt(at));
  }

  private void findDirectory() throws IOException {
    long endAt = channel.size() - END_BYTES;
    ByteBuffer end = bytes(endAt, END_BYTES);
    if (end.getInt(0) != END) {
      throw corrupt("it does not end with a zip directory (was it cut short?)");
    }
    directoryBytes = unsigned(end, 12);
    directory = unsigned(end, 16);
    if (directory == IN_64 || directoryBytes == IN_64 || end.getShort(10) == -1) {
      ByteBuffer locator = bytes(endAt - LOCATOR_64_BYTES, LOCATOR_64_BYTES);
      ByteBuffer end64 = bytes(locator.getLong(8), END_64_BYTES);
      if (locator.getInt(0) != LOCATOR_64 || end64.getInt(0) != END_64) {
        throw corrupt("its zip64 directory is not where it should be");
      }
      directoryBytes = end64.getLong(40);
      directory = end64.getLong(48);
    }
    if (directoryBytes < 0 || directoryBytes > MAX_DIRECTORY_BYTES) {
      throw InputFile.tooLarge(
          file, "its zip directory claims " + Long.toUnsignedString(directoryBytes) + " bytes");
    }
  }

  private void readDirectory() throws IOException {
    ByteBuffer headers = bytes(directory, (int) directoryBytes);
    while (headers.hasRemaining()) {
      int at = headers.position();
      if (headers.remaining() < DIRECTORY_ENTRY_BYTES || headers.getInt(at) != DIRECTORY_ENTRY) {
        throw corrupt("its zip directory has a malformed entry");
      }
      int nameBytes = Short.toUnsignedInt(headers.getShort(at + 28));
      int extraBytes = Short.toUnsignedInt(headers.getShort(at + 30));
      int commentBytes = Short.toUnsignedInt(headers.getShort(at + 32));
      headers.position(at + DIRECTORY_ENTRY_BYTES);
      if (headers.remaining() < nameBytes + extraBytes + commentBytes) {
        throw corrupt("its zip directory ends within an entry");
      }
      byte[] name = new byte[nameBytes];
      headers.get(name);
      String text = new String(name, StandardCharsets.UTF_8);
      ByteBuffer extra = headers.slice(headers.position(), extraBytes).order(headers.order());
      headers.position(headers.position() + extraBytes + commentBytes);
      if (entries.put(text, entry(headers, at, text, name, extra)) != null) {
        throw corrupt("its zip directory names \"" + text + "\" twice");
      }
    }
  }

  /** The entry whose fields are at {@code at}; those that do not fit lie in {@code extra}. */
  private Entry entry(ByteBuffer headers, int at, String text, byte[] name, ByteBuffer extra)
      throws IOException {
    long stored = unsigned(headers, at + 20);
    long size = unsigned(headers, at + 24);
    long local = unsigned(headers, at + 42);
    ByteBuffer in64 = zip64(extra);
    size = size == IN_64 ? next(in64, text) : size;
    stored = stored == IN_64 ? next(in64, text) : stored;
    local = local == IN_64 ? next(in64, text) : local;
    if (headers.getShort(at + 10) != 0
        || (headers.getShort(at + 8) & ENCRYPTED) != 0
        || stored != size) {
      return NOT_PLAIN;
    }
    ByteBuffer header = bytes(local, LOCAL_HEADER_BYTES + name.length);
    long offset =
        local + header.capacity() + Short.toUnsignedInt(header.getShort(28)); // its own extra field
    if (header.getInt(0) != LOCAL_HEADER
        || Short.toUnsignedInt(header.getShort(26)) != name.length
        || !header.position(LOCAL_HEADER_BYTES).equals(ByteBuffer.wrap(name))) {
      throw corrupt("\"" + text + "\" is not where its zip directory says");
    }
    if (size < 0 || offset > directory || size > directory - offset) {
      throw corrupt("\"" + text + "\" claims " + size + " bytes, more than the file has there");
    }
    return new Entry(offset, size);
  }

  /** The extra field with the 64-bit sizes; empty where there is none. */
  private static ByteBuffer zip64(ByteBuffer extra) {
    while (extra.remaining() >= 4) {
      int id = extra.getShort();
      int bytes = Math.min(Short.toUnsignedInt(extra.getShort()), extra.remaining());
      if (id == 1) {
        return extra.slice(extra.position(), bytes).order(extra.order());
      }
      extra.position(extra.position() + bytes);
    }
    return ByteBuffer.allocate(0);
  }

  private long next(ByteBuffer in64, String text) {
    if (in64.remaining() < Long.BYTES) {
      throw corrupt("\"" + text + "\" lacks its zip64 sizes");
    }
    return in64.getLong();
  }

  private Clip4jException corrupt(String what) {
    return InputFile.corrupt(file, what);
  }
}
