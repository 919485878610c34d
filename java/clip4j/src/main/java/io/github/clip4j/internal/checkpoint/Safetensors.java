package io.github.clip4j.internal.checkpoint;

import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.internal.files.Json;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Headers of safetensors files, by the format's specification and no laxer: 8 bytes of length,
 * little-endian, then that many bytes of JSON, then the tensors' bytes, one after another without
 * hole or overlap to the end of the file.
 *
 * @see <a href="https://github.com/huggingface/safetensors#format">the format</a>
 */
final class Safetensors {
  private static final long MAX_HEADER_BYTES = 25_000_000;

  private record Entry(String name, String dtype, long[] shape, long begin, long end) {}

  private final Path file;

  private Safetensors(Path file) {
    this.file = file;
  }

  static List<Tensor> read(Path file) {
    return new Safetensors(file).tensors();
  }

  private List<Tensor> tensors() {
    try (FileChannel channel = InputFile.open(file)) {
      long size = channel.size();
      if (size < 8) {
        throw corrupt("holds " + size + " bytes, too few for a header");
      }
      long length = InputFile.bytes(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 0 || length > MAX_HEADER_BYTES) {
        throw new Clip4jException(
            Kind.TOO_LARGE,
            file
                + ": its header claims "
                + Long.toUnsignedString(length)
                + " bytes, over 25 MB (is it a safetensors file?)");
      }
      if (length > size - 8) {
        throw corrupt("its header claims " + length + " bytes of a file of " + size);
      }
      List<Entry> entries = parse(decode(InputFile.bytes(channel, 8, (int) length)));
      checkLayout(entries, size - 8 - length);
      return entries.stream()
          .map(e -> new Tensor(e.name(), e.dtype(), e.shape(), 8 + length + e.begin(), false))
          .toList();
    } catch (IOException e) {
      throw InputFile.unreadable(file, e);
    }
  }

  private String decode(ByteBuffer header) {
    if (!header.hasRemaining() || header.get(0) != '{') {
      throw corrupt("its header does not begin with {");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(header).toString();
    } catch (CharacterCodingException e) {
      throw corrupt("its header is not UTF-8");
    }
  }

  private List<Entry> parse(String header) {
    List<Entry> entries = new ArrayList<>();
    Set<String> names = new HashSet<>();
    JsonReader json = new JsonReader(new StringReader(header));
    json.setStrictness(Strictness.STRICT);
    try {
      json.beginObject();
      while (json.hasNext()) {
        String name = json.nextName();
        if (!names.add(name)) {
          throw corrupt("its header names \"" + name + "\" twice");
        }
        if (name.equals("__metadata__")) {
          skipMetadata(json);
        } else {
          entries.add(entry(json, name));
        }
      }
      json.endObject();
      if (json.peek() != JsonToken.END_DOCUMENT) {
        throw corrupt("its header goes on after the JSON object");
      }
      return entries;
    } catch (MalformedJsonException | JsonParseException | IllegalStateException e) {
      throw corrupt("its header is not the JSON that the format asks for" + Json.place(e));
    } catch (IOException e) {
      throw corrupt("its header ends too early");
    }
  }

  private void skipMetadata(JsonReader json) throws IOException {
    Set<String> keys = new HashSet<>();
    json.beginObject();
    while (json.hasNext()) {
      String key = json.nextName();
      if (!keys.add(key)) {
        throw corrupt("its __metadata__ names \"" + key + "\" twice");
      }
      if (json.peek() != JsonToken.STRING) {
        throw corrupt("its __metadata__ holds something that is not a string: " + key);
      }
      json.nextString();
    }
    json.endObject();
  }

  private Entry entry(JsonReader json, String name) throws IOException {
    String dtype = null;
    long[] shape = null;
    long[] offsets = null;
    json.beginObject();
    while (json.hasNext()) {
      String key = json.nextName();
      if (key.equals("dtype") && dtype == null && json.peek() == JsonToken.STRING) {
        dtype = json.nextString();
      } else if (key.equals("shape") && shape == null) {
        shape = sizes(json, name);
      } else if (key.equals("data_offsets") && offsets == null) {
        offsets = sizes(json, name);
      } else {
        throw corrupt("tensor " + name + " has an unexpected or repeated \"" + key + "\"");
      }
    }
    json.endObject();
    if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
      throw corrupt("tensor " + name + " needs a dtype, a shape and two data_offsets");
    }
    return new Entry(name, dtype, shape, offsets[0], offsets[1]);
  }

  private long[] sizes(JsonReader json, String name) throws IOException {
    List<Long> sizes = new ArrayList<>();
    json.beginArray();
    while (json.hasNext()) {
      String digits = json.peek() == JsonToken.NUMBER ? json.nextString() : "";
      // Up to 18 digits is below 2^63, and longer ones are larger than any file.
      if (!digits.matches("[0-9]{1,18}")) {
        throw corrupt("tensor " + name + " has a size or offset that is not a whole number");
      }
      sizes.add(Long.parseLong(digits));
    }
    json.endArray();
    return sizes.stream().mapToLong(Long::longValue).toArray();
  }

  private void checkLayout(List<Entry> entries, long dataBytes) {
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long end = 0;
    for (Entry entry : entries) {
      if (entry.begin() != end || entry.end() < entry.begin()) {
        throw corrupt(
            "tensor %s lies at [%d, %d], which leaves a hole or overlaps another (expected %d)"
                .formatted(entry.name(), entry.begin(), entry.end(), end));
      }
      if (entry.end() - entry.begin() != byteSize(entry)) {
        throw corrupt(
            "tensor %s has %d bytes, its shape and dtype %s ask for %d"
                .formatted(
                    entry.name(), entry.end() - entry.begin(), entry.dtype(), byteSize(entry)));
      }
      end = entry.end();
    }
    if (end != dataBytes) {
      throw corrupt(
          "its tensors cover " + end + " bytes and the file holds " + dataBytes + " of them");
    }
  }

  private long byteSize(Entry entry) {
    long total = Tensor.bits(entry.dtype());
    if (total == 0) {
      throw corrupt("tensor " + entry.name() + " has the unknown dtype " + entry.dtype());
    }
    try {
      for (long size : entry.shape()) {
        total = Math.multiplyExact(total, size);
      }
      if (total % 8 == 0) {
        return total / 8;
      }
    } catch (ArithmeticException e) {
      // Complained about below.
    }
    throw corrupt("tensor " + entry.name() + " has a size that is no number of bytes");
  }

  private Clip4jException corrupt(String what) {
    return InputFile.corrupt(file, what);
  }
}
