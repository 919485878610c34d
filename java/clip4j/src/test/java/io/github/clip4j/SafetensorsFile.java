package io.github.clip4j;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes what the tests need: other dtypes, shards, and files that lie. */
public final class SafetensorsFile {
  private record Tensor(String dtype, JsonArray shape, byte[] bytes) {}

  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private SafetensorsFile() {}

  public static SafetensorsFile read(Path path) throws IOException {
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) file.getLong();
    String header = new String(file.array(), 8, length, StandardCharsets.UTF_8);
    SafetensorsFile result = new SafetensorsFile();
    JsonObject entries = JsonParser.parseString(header).getAsJsonObject();
    entries.remove("__metadata__");
    for (String name : entries.keySet()) {
      JsonObject entry = entries.getAsJsonObject(name);
      JsonArray offsets = entry.getAsJsonArray("data_offsets");
      int begin = offsets.get(0).getAsInt();
      byte[] bytes = new byte[offsets.get(1).getAsInt() - begin];
      file.get(8 + length + begin, bytes);
      result.tensors.put(
          name, new Tensor(entry.get("dtype").getAsString(), entry.getAsJsonArray("shape"), bytes));
    }
    return result;
  }

  /** BF16 to another dtype, exactly; see make.py for why that can be. */
  public SafetensorsFile as(String dtype) {
    SafetensorsFile result = new SafetensorsFile();
    tensors.forEach(
        (name, tensor) -> {
          ByteBuffer from = ByteBuffer.wrap(tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
          int count = tensor.bytes().length / 2;
          ByteBuffer to = ByteBuffer.allocate(count * (dtype.equals("F32") ? 4 : 2));
          to.order(ByteOrder.LITTLE_ENDIAN);
          while (from.hasRemaining()) {
            int bits = from.getShort() << 16;
            if (dtype.equals("F32")) {
              to.putInt(bits);
            } else {
              to.putShort(half(bits));
            }
          }
          result.tensors.put(name, new Tensor(dtype, tensor.shape(), to.array()));
        });
    return result;
  }

  private static short half(int floatBits) {
    int sign = floatBits >>> 16 & 0x8000;
    if ((floatBits & 0x7FFFFFFF) == 0) {
      return (short) sign;
    }
    int exponent = (floatBits >>> 23 & 0xFF) - 127 + 15;
    if (exponent < 1 || exponent > 30 || (floatBits & 0x1FFF) != 0) {
      throw new AssertionError("not exact in float16: " + Float.intBitsToFloat(floatBits));
    }
    return (short) (sign | exponent << 10 | floatBits >>> 13 & 0x3FF);
  }

  /** Two shards and their index. */
  public void split(Path directory) throws IOException {
    SafetensorsFile[] shards = {new SafetensorsFile(), new SafetensorsFile()};
    JsonObject map = new JsonObject();
    for (String name : tensors.keySet()) {
      int shard = Math.floorMod(name.hashCode(), 2);
      shards[shard].tensors.put(name, tensors.get(name));
      map.addProperty(name, "model-" + shard + ".safetensors");
    }
    for (int shard = 0; shard < 2; shard++) {
      shards[shard].write(directory.resolve("model-" + shard + ".safetensors"));
    }
    JsonObject index = new JsonObject();
    index.add("weight_map", map);
    Files.writeString(directory.resolve("model.safetensors.index.json"), index.toString());
  }

  public void write(Path path) throws IOException {
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    JsonObject header = new JsonObject();
    for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
      JsonObject entry = new JsonObject();
      JsonArray offsets = new JsonArray();
      offsets.add(data.size());
      data.writeBytes(tensor.getValue().bytes());
      offsets.add(data.size());
      entry.addProperty("dtype", tensor.getValue().dtype());
      entry.add("shape", tensor.getValue().shape());
      entry.add("data_offsets", offsets);
      header.add(tensor.getKey(), entry);
    }
    write(path, header.toString(), data.toByteArray());
  }

  /** Any header before any data. */
  public static void write(Path path, String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    write(path, json.length, json, data);
  }

  /** Any length, too. */
  public static void write(Path path, long length, byte[] header, byte[] data) throws IOException {
    ByteBuffer file = ByteBuffer.allocate(8 + header.length + data.length);
    file.order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(header).put(data);
    Files.write(path, file.array());
  }

  /** The tensor once more, under another name. */
  public SafetensorsFile copy(String name, String other) {
    tensors.put(other, tensors.get(name));
    return this;
  }

  /** Drops a tensor. */
  public SafetensorsFile without(String name) {
    tensors.remove(name);
    return this;
  }

  /** Makes a tensor begin with what is not a number in any dtype. */
  public SafetensorsFile poison(String name) {
    Arrays.fill(tensors.get(name).bytes(), 0, 4, (byte) 0xFF);
    return this;
  }
}
