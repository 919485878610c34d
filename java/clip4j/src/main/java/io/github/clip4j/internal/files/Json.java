package io.github.clip4j.internal.files;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import io.github.clip4j.search.Clip4jException;
import io.github.clip4j.search.Clip4jException.Kind;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A JSON object whose every complaint names the file and the field, and which knows what it was
 * never asked for. A null value counts as absent, as in Python.
 */
public final class Json {
  /** Digits; Python writes 1e30 out. */
  private static final int LONGEST_NUMBER = 400;

  /** With its e and its sign. */
  private static final int LONGEST_EXPONENT = 5;

  private static final Pattern PLACE = Pattern.compile("line \\d+ column \\d+");

  private final String where;
  private final JsonObject object;

  /** From the file's root to this object: nothing, or names that each end with a dot. */
  private final String path;

  /** Paths of all fields in the file that somebody has asked for; with * at the end, all there. */
  private final Set<String> asked;

  private Json(String where, JsonObject object, String path, Set<String> asked) {
    this.where = where;
    this.object = object;
    this.path = path;
    this.asked = asked;
  }

  private Json child(String name, JsonElement value) {
    return new Json(where + ": " + name, value.getAsJsonObject(), path + name + ".", asked);
  }

  /** Parses strictly; {@code file} is the name to complain about. */
  public static Json parse(String file, String text) {
    JsonReader reader = new JsonReader(new StringReader(text));
    reader.setStrictness(Strictness.STRICT);
    try {
      JsonElement root = JsonParser.parseReader(reader);
      if (!root.isJsonObject() || reader.peek() != JsonToken.END_DOCUMENT) {
        throw new Clip4jException(Kind.CORRUPT, file + " is not one JSON object");
      }
      checkNumbers(file, root);
      return new Json(file, root.getAsJsonObject(), "", ConcurrentHashMap.newKeySet());
    } catch (JsonParseException | IOException e) {
      if (e.getCause() instanceof OutOfMemoryError full) { // Gson wraps it.
        throw full;
      }
      throw new Clip4jException(Kind.CORRUPT, file + " is not valid JSON" + place(e), e);
    }
  }

  /** To make a value of a long number takes the square of its length, or of its exponent. */
  private static void checkNumbers(String file, JsonElement element) {
    if (element.isJsonObject()) {
      element.getAsJsonObject().asMap().values().forEach(value -> checkNumbers(file, value));
    } else if (element.isJsonArray()) {
      element.getAsJsonArray().forEach(value -> checkNumbers(file, value));
    } else if (element instanceof JsonPrimitive primitive && primitive.isNumber()) {
      String number = primitive.getAsString();
      int exponent = Math.max(number.indexOf('e'), number.indexOf('E'));
      if (number.length() > LONGEST_NUMBER
          || exponent >= 0 && number.length() - exponent > LONGEST_EXPONENT) {
        String start = number.substring(0, Math.min(number.length(), 30));
        throw new Clip4jException(
            Kind.CORRUPT, file + " holds the number " + start + "..., which nothing needs");
      }
    }
  }

  /** Of what Gson says, which goes on over several lines, where the mistake is. */
  public static String place(Exception malformed) {
    Matcher matcher = PLACE.matcher(String.valueOf(malformed.getMessage()));
    return matcher.find() ? ": " + matcher.group() : "";
  }

  public boolean has(String name) {
    asked.add(path + name);
    JsonElement value = object.get(name);
    return value != null && !value.isJsonNull();
  }

  public Optional<JsonElement> element(String name) {
    return has(name) ? Optional.of(object.get(name)) : Optional.empty();
  }

  /** The object in a field, empty where the field is absent. */
  public Json object(String name) {
    JsonElement value = element(name).orElseGet(JsonObject::new);
    if (!value.isJsonObject()) {
      throw wrong(name, "an object");
    }
    return child(name, value);
  }

  /** The objects of the list in a field, none where the field is absent. */
  public List<Json> objects(String name) {
    JsonElement list = element(name).orElseGet(JsonArray::new);
    if (!list.isJsonArray()
        || !list.getAsJsonArray().asList().stream().allMatch(JsonElement::isJsonObject)) {
      throw wrong(name, "a list of objects");
    }
    return list.getAsJsonArray().asList().stream().map(value -> child(name, value)).toList();
  }

  /** Everything in it. */
  public JsonObject members() {
    asked.add(path + "*");
    return object;
  }

  public Set<String> names() {
    return object.keySet();
  }

  /** Fields that nobody has asked for, by their paths. */
  public List<String> ignored() {
    List<String> ignored = new ArrayList<>();
    addIgnored(path, object, ignored);
    return ignored;
  }

  private void addIgnored(String at, JsonObject members, List<String> ignored) {
    if (asked.contains(at + "*")) {
      return;
    }
    members
        .asMap()
        .forEach(
            (name, value) -> {
              String field = at + name;
              if (!asked.contains(field)) {
                ignored.add(field);
              } else if (value.isJsonObject()
                  && asked.stream().anyMatch(other -> other.startsWith(field + "."))) {
                addIgnored(field + ".", value.getAsJsonObject(), ignored);
              }
            });
  }

  /** The field, or the first of a one-element list in it, as a whole number; null where absent. */
  public Integer integer(String name) {
    if (!has(name)) {
      return null;
    }
    JsonElement value = object.get(name);
    if (value.isJsonArray() && value.getAsJsonArray().size() == 1) {
      value = value.getAsJsonArray().get(0);
    }
    try {
      if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
        return new BigDecimal(value.getAsString()).intValueExact();
      }
    } catch (ArithmeticException | NumberFormatException e) {
      // Complained about below.
    }
    throw wrong(name, "a whole number below 2^31");
  }

  public int positive(String name, int absent) {
    Integer value = integer(name);
    if (value != null && value < 1) {
      throw wrong(name, "at least 1");
    }
    return value == null ? absent : value;
  }

  public float number(String name, double absent) {
    return (float) decimal(name, absent);
  }

  /** As {@link #number}, as precise as Python reads it. */
  public double decimal(String name, double absent) {
    return has(name) ? finite(name, object.get(name)) : absent;
  }

  /** A list of {@code length} numbers, or one number that stands for all. */
  public float[] numbers(String name, float[] absent) {
    if (!has(name)) {
      return absent;
    }
    JsonElement value = object.get(name);
    float[] numbers = new float[absent.length];
    if (value.isJsonArray()) {
      JsonArray array = value.getAsJsonArray();
      if (array.size() != numbers.length) {
        throw wrong(name, numbers.length + " numbers");
      }
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = (float) finite(name, array.get(i));
      }
    } else {
      Arrays.fill(numbers, (float) finite(name, value));
    }
    return numbers;
  }

  public boolean flag(String name, boolean absent) {
    if (!has(name)) {
      return absent;
    }
    JsonElement value = object.get(name);
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw wrong(name, "true or false");
    }
    return value.getAsBoolean();
  }

  public String string(String name, String absent) {
    if (!has(name)) {
      return absent;
    }
    JsonElement value = object.get(name);
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw wrong(name, "a string");
    }
    return value.getAsString();
  }

  /** For a value that is well-formed and still not what the file's format allows. */
  public Clip4jException wrong(String name, String expected) {
    return new Clip4jException(Kind.CORRUPT, field(name) + " must be " + expected);
  }

  /** For a value that the format allows and clip4j does not implement. */
  public Clip4jException unsupported(String name, String supported) {
    return new Clip4jException(
        Kind.UNSUPPORTED, field(name) + " is not supported (supported: " + supported + ")");
  }

  /** Finite as a float, too. */
  private double finite(String name, JsonElement value) {
    if (value.isJsonPrimitive() && value.getAsJsonPrimitive().isNumber()) {
      double number = value.getAsDouble();
      if (Float.isFinite((float) number)) {
        return number;
      }
    }
    throw wrong(name, "a finite number");
  }

  private String field(String name) {
    String value = has(name) ? object.get(name).toString() : "null";
    String shown = value.length() <= 60 ? value : value.substring(0, 60) + "...";
    return where + ": " + name + " = " + shown;
  }
}
