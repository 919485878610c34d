package io.github.clip4j.internal.tokenizer;

import io.github.clip4j.internal.checkpoint.ModelFiles;
import io.github.clip4j.internal.files.InputFile;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A spiece.model: SentencePiece's unigram model as a protocol buffer, of which this reads what
 * encoding needs (sentencepiece_model.proto's ModelProto, TrainerSpec, NormalizerSpec).
 */
final class SentencePiece {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int USER_DEFINED = 4;
  private static final int UNIGRAM = 1;

  /** SentencePiece's are 16 characters at the most; each place of a text is searched for all. */
  private static final int LONGEST_PIECE = 100;

  private static final float LARGEST_SCORE = 1e6f;

  /** How SentencePiece writes a space. */
  static final String SPACE = "\u2581";

  private final Path file;
  private final List<String> pieces = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<Integer> types = new ArrayList<>();
  private byte[] charsmap = {};
  private Charsmap rules;
  private int modelType = UNIGRAM;
  private boolean byteFallback;
  private Segmentation segmentation;
  private boolean removesExtraSpaces = true;

  private SentencePiece(Path file) {
    this.file = file;
  }

  static SentencePiece read(String name, ModelFiles files) {
    Path file = files.path(name);
    SentencePiece model = new SentencePiece(file);
    try {
      model.fields(ByteBuffer.wrap(files.bytes(name)).order(ByteOrder.LITTLE_ENDIAN), model::field);
      model.rules = model.charsmap.length == 0 ? null : Charsmap.of(model.charsmap);
    } catch (BufferUnderflowException e) {
      throw InputFile.corrupt(file, "it ends within a field");
    } catch (IllegalArgumentException e) {
      throw InputFile.corrupt(file, "its precompiled_charsmap makes no sense: " + e.getMessage());
    }
    model.check();
    model.segmentation = model.segmentation();
    return model;
  }

  private void check() {
    if (modelType != UNIGRAM) {
      throw InputFile.unsupported(file, "a SentencePiece model that is no unigram model");
    }
    if (types.contains(USER_DEFINED)) {
      throw InputFile.unsupported(file, "a SentencePiece model with user-defined symbols");
    }
    if (types.indexOf(UNKNOWN) < 0) {
      throw InputFile.corrupt(file, "no piece of it stands for what is unknown");
    }
  }

  private Segmentation segmentation() {
    Map<String, Integer> found = new HashMap<>();
    for (int id = 0; id < pieces.size(); id++) {
      // The others stand for no text.
      if (types.get(id) == NORMAL) {
        found.put(pieces.get(id), id);
      }
    }
    float[] scores = new float[pieces.size()];
    int[] bytes = byteFallback ? new int[256] : null;
    for (int id = 0; id < scores.length; id++) {
      scores[id] = this.scores.get(id);
    }
    for (int b = 0; byteFallback && b < bytes.length; b++) {
      bytes[b] = id("<0x%02X>".formatted(b));
    }
    return new Segmentation(found, scores, types.indexOf(UNKNOWN), bytes);
  }

  /** A field of a message: its number and, by its wire type, its number or its bytes. */
  private record Field(int number, long value, ByteBuffer bytes) {}

  private void fields(ByteBuffer from, Consumer<Field> use) {
    while (from.hasRemaining()) {
      long key = varint(from);
      int number = (int) (key >>> 3);
      switch ((int) (key & 7)) {
        case 0 -> use.accept(new Field(number, varint(from), null));
        case 1 -> use.accept(new Field(number, from.getLong(), null));
        case 2 -> {
          long length = varint(from);
          if (length < 0 || length > from.remaining()) {
            throw new BufferUnderflowException();
          }
          ByteBuffer bytes = from.slice(from.position(), (int) length);
          from.position(from.position() + (int) length);
          use.accept(new Field(number, 0, bytes.order(ByteOrder.LITTLE_ENDIAN)));
        }
        case 5 -> use.accept(new Field(number, from.getInt(), null));
        default -> throw InputFile.corrupt(file, "it is no protocol buffer");
      }
    }
  }

  private static long varint(ByteBuffer from) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = from.get();
      value |= (next & 0x7FL) << shift;
      if (next >= 0) {
        break;
      }
    }
    return value;
  }

  private void field(Field field) {
    if (field.bytes() == null) {
      return;
    }
    switch (field.number()) {
      case 1 -> piece(field.bytes());
      case 2 -> fields(field.bytes(), this::training);
      case 3 -> fields(field.bytes(), this::normalization);
      default -> {}
    }
  }

  private void piece(ByteBuffer from) {
    int index = pieces.size();
    pieces.add("");
    scores.add(0f);
    types.add(NORMAL);
    fields(
        from,
        field -> {
          switch (field.number()) {
            case 1 -> pieces.set(index, text(field));
            case 2 -> scores.set(index, Float.intBitsToFloat((int) field.value()));
            case 3 -> types.set(index, (int) field.value());
            default -> {}
          }
        });
    int length = pieces.get(index).length();
    if (length < 1 || length > LONGEST_PIECE || !(Math.abs(scores.get(index)) <= LARGEST_SCORE)) {
      throw InputFile.corrupt(
          file, "piece " + index + " of it has no text, a long one or no score");
    }
  }

  private void training(Field field) {
    switch (field.number()) {
      case 3 -> modelType = (int) field.value();
      case 35 -> byteFallback = field.value() != 0;
      default -> {}
    }
  }

  private void normalization(Field field) {
    switch (field.number()) {
      case 2 -> charsmap = rest(field);
      case 4 -> removesExtraSpaces = field.value() != 0;
      default -> {}
    }
  }

  private byte[] rest(Field field) {
    if (field.bytes() == null) {
      throw InputFile.corrupt(file, "a text in it is a number");
    }
    byte[] bytes = new byte[field.bytes().remaining()];
    field.bytes().get(bytes);
    return bytes;
  }

  private String text(Field field) {
    return InputFile.utf8(rest(field), file.toString());
  }

  /** The id of a piece that is there. */
  int id(String piece) {
    int id = pieces.indexOf(piece);
    if (id < 0) {
      throw InputFile.corrupt(file, "it has no piece " + piece);
    }
    return id;
  }

  /** Ids of the pieces that begin a word. */
  BitSet wordBegins() {
    BitSet begins = new BitSet();
    for (int id = 0; id < pieces.size(); id++) {
      begins.set(id, SpacedPieces.begins(pieces.get(id)));
    }
    return begins;
  }

  /** As SentencePiece does it before it looks for pieces, but without a space before the text. */
  private String normalize(String text) {
    String normal = rules == null ? text : rules.normalize(text);
    if (removesExtraSpaces) {
      normal = normal.replaceAll(" {2,}", " ");
      int end = normal.length();
      while (end > 0 && (normal.charAt(end - 1) == ' ' || normal.startsWith(SPACE, end - 1))) {
        end--;
      }
      normal = normal.substring(0, end);
    }
    return normal.replace(" ", SPACE);
  }

  /** Ids of the most probable pieces of a text. Safe from any thread. */
  List<Integer> encode(String text) {
    return segmentation.best(normalize(text));
  }
}
