package io.github.clip4j.internal.checkpoint;

import io.github.clip4j.internal.checkpoint.TorchObjects.ScriptModule;
import io.github.clip4j.internal.checkpoint.TorchObjects.Storage;
import io.github.clip4j.internal.checkpoint.TorchObjects.Strided;
import io.github.clip4j.internal.files.InputFile;
import io.github.clip4j.search.Clip4jException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The tensors of a dictionary that torch.save wrote: a zip file with a pickle and the tensors'
 * memory in entries of their own (torch from 1.6 on), or five pickles and then the memory. Or those
 * of a module that torch.jit.save wrote, which is such a zip file with the module's code beside; a
 * tensor's name is then its path through the modules. Nothing in such a file runs: see {@link
 * Unpickler}. The tensors' bytes stay where they are.
 */
final class TorchFile {
  /** Ten times what the largest dictionaries need, and what bounds the objects made from it. */
  private static final int MAX_PICKLE_BYTES = 2 << 20;

  private static final ByteBuffer LITTLE_ENDIAN = StandardCharsets.UTF_8.encode("little");

  /** The pickle of 0x1950a86a20f9469cfc6c. */
  private static final ByteBuffer OLD_FORMAT =
      ByteBuffer.wrap(HexFormat.of().parseHex("80028a0a6cfc9c46f9206aa850192e"));

  private static final long OLD_FORMAT_VERSION = 1001;

  /** Characters of a tensor's name; it also bounds how deep modules nest. */
  private static final int MAX_PATH = 300;

  private final Path file;
  private final FileChannel channel;

  /** Where each storage's numbers begin, by its key. */
  private final Map<String, Long> offsets = new HashMap<>();

  private TorchFile(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  static List<Tensor> read(Path file) {
    try (FileChannel channel = InputFile.open(file)) {
      TorchFile torch = new TorchFile(file, channel);
      return torch.tensors(torch.isZip() ? torch.zip() : torch.oldFormat());
    } catch (IOException e) {
      throw InputFile.unreadable(file, e);
    }
  }

  private boolean isZip() throws IOException {
    return channel.size() >= Integer.BYTES
        && bytes(0, Integer.BYTES).getInt() == StoredZip.LOCAL_HEADER;
  }

  private ByteBuffer bytes(long position, int count) throws IOException {
    return InputFile.bytes(channel, position, count).order(ByteOrder.LITTLE_ENDIAN);
  }

  private Object zip() throws IOException {
    StoredZip zip = StoredZip.open(file, channel);
    List<String> pickles =
        zip.names().stream().filter(name -> name.matches("[^/]+/data\\.pkl")).toList();
    if (pickles.size() != 1) {
      throw corrupt("it holds " + pickles.size() + " files data.pkl, torch.save writes one");
    }
    String folder = pickles.get(0).substring(0, pickles.get(0).indexOf('/') + 1);
    String byteOrder = folder + "byteorder";
    if (zip.has(byteOrder) && !content(zip.entry(byteOrder)).equals(LITTLE_ENDIAN)) {
      throw bigEndian();
    }
    Unpickler unpickler = new Unpickler(file, content(zip.entry(pickles.get(0))));
    Object root = unpickler.read();
    for (Storage storage : unpickler.storages()) {
      StoredZip.Entry entry = zip.entry(folder + "data/" + storage.key());
      int width = width(storage);
      if (entry == null || entry.size() % width != 0 || entry.size() / width != storage.numbers()) {
        throw corrupt(
            "storage %s should be %d numbers of type %s, the file holds %s bytes"
                .formatted(
                    storage.key(),
                    storage.numbers(),
                    storage.dtype(),
                    entry == null ? "no" : entry.size()));
      }
      offsets.put(storage.key(), entry.offset());
    }
    return root;
  }

  private ByteBuffer content(StoredZip.Entry entry) throws IOException {
    if (entry.size() > MAX_PICKLE_BYTES) {
      throw InputFile.tooLarge(file, "its pickle has " + entry.size() + " bytes, over 2 MiB");
    }
    return bytes(entry.offset(), (int) entry.size());
  }

  /** Five pickles: a magic number, the version, the machine, the object, the storages' keys. */
  private Object oldFormat() throws IOException {
    ByteBuffer pickles = bytes(0, (int) Math.min(channel.size(), MAX_PICKLE_BYTES));
    if (pickles.remaining() < OLD_FORMAT.capacity()
        || !pickles.slice(0, OLD_FORMAT.capacity()).equals(OLD_FORMAT)) {
      throw corrupt("it is neither a zip file nor a pickle as torch.save writes them");
    }
    pickles.position(OLD_FORMAT.capacity());
    if (!Long.valueOf(OLD_FORMAT_VERSION).equals(new Unpickler(file, pickles).read())) {
      throw InputFile.unsupported(file, "it is not of version 1001 of torch.save's old format");
    }
    if (!(new Unpickler(file, pickles).read() instanceof Map<?, ?> machine)
        || !Boolean.TRUE.equals(machine.get("little_endian"))) {
      throw bigEndian();
    }
    Unpickler unpickler = new Unpickler(file, pickles);
    Object root = unpickler.read();
    if (!(new Unpickler(file, pickles).read() instanceof List<?> keys)) {
      throw corrupt("it does not list its storages");
    }
    locate(unpickler.storages(), keys, pickles.position());
    return root;
  }

  /** From {@code position} on, in the order of the keys: each one's count of numbers, then they. */
  private void locate(Collection<Storage> storages, List<?> keys, long position)
      throws IOException {
    Map<String, Storage> byKey =
        storages.stream().collect(Collectors.toMap(Storage::key, storage -> storage));
    for (Object key : keys) {
      Storage storage = key instanceof String name ? byKey.get(name) : null;
      long numbers = storage == null ? 0 : storage.numbers();
      long room = channel.size() - position - Long.BYTES;
      if (storage == null
          || room < 0
          || bytes(position, Long.BYTES).getLong() != numbers
          || numbers > room / width(storage)) {
        throw corrupt("its storages are not what its pickle says (was it cut short?)");
      }
      offsets.put(storage.key(), position + Long.BYTES);
      position += Long.BYTES + numbers * width(storage);
    }
  }

  private List<Tensor> tensors(Object root) {
    if (root instanceof Map<?, ?> checkpoint
        && checkpoint.get("state_dict") instanceof Map<?, ?> state) {
      root = state;
    }
    List<Tensor> tensors = new ArrayList<>();
    if (root instanceof ScriptModule module) {
      root = module.members();
    }
    if (root instanceof Map<?, ?> state) {
      collect(tensors, "", state, Collections.newSetFromMap(new IdentityHashMap<>()));
    }
    if (tensors.isEmpty()) {
      throw corrupt("it holds no dictionary of tensors");
    }
    return tensors;
  }

  /** A dictionary's tensors and those of the modules in it, each of which is visited once. */
  private void collect(
      List<Tensor> tensors, String prefix, Map<?, ?> members, Set<Object> visited) {
    if (!visited.add(members)) {
      throw InputFile.unsupported(file, "a module in it is part of the model in two places");
    }
    members.forEach(
        (key, value) -> {
          if (key instanceof String text && value instanceof Strided tensor) {
            tensors.add(tensor(path(prefix, text), tensor));
          } else if (key instanceof String text && value instanceof ScriptModule module) {
            collect(tensors, path(prefix, text) + ".", module.members(), visited);
          }
        });
  }

  private String path(String prefix, String name) {
    String path = prefix + name;
    if (path.length() > MAX_PATH) {
      throw InputFile.unsupported(file, "it names something in over 300 characters: " + path);
    }
    return path;
  }

  private Tensor tensor(String name, Strided tensor) {
    Storage storage = tensor.storage();
    Long offset = offsets.get(storage.key());
    long[] shape = tensor.shape();
    long[] strides = tensor.strides();
    if (offset == null
        || shape.length != strides.length
        || tensor.offset() > storage.numbers()
        || numbers(shape) > storage.numbers() - tensor.offset()) {
      throw corrupt("tensor " + name + " lies outside its storage");
    }
    boolean rowMajor = isRowMajor(shape, strides);
    if (!rowMajor && !(shape.length == 2 && isRowMajor(reversed(shape), reversed(strides)))) {
      throw Tensor.notContiguous(file, name);
    }
    long at = offset + tensor.offset() * width(storage);
    return new Tensor(name, storage.dtype(), shape, at, !rowMajor);
  }

  /** Long.MAX_VALUE where it does not fit, which no file holds. */
  private static long numbers(long[] shape) {
    try {
      return Arrays.stream(shape).reduce(1, Math::multiplyExact);
    } catch (ArithmeticException e) {
      return Long.MAX_VALUE;
    }
  }

  private static boolean isRowMajor(long[] shape, long[] strides) {
    long expected = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      if (shape[i] != 1 && strides[i] != expected) {
        return false;
      }
      expected *= shape[i];
    }
    return true;
  }

  private static long[] reversed(long[] pair) {
    return new long[] {pair[1], pair[0]};
  }

  /** Bytes of a number. */
  private static int width(Storage storage) {
    return Tensor.bits(storage.dtype()) / 8;
  }

  private Clip4jException bigEndian() {
    return InputFile.unsupported(file, "it was not written by a little-endian machine");
  }

  private Clip4jException corrupt(String what) {
    return InputFile.corrupt(file, what);
  }
}
