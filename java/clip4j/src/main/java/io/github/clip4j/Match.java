package io.github.clip4j;

/**
 * A pair's verdict.
 *
 * @param pair its index in the columns
 * @param cosine the similarity of the two embeddings
 * @param probability what the matcher's {@link Probability} makes of it
 * @param match whether the probability is above the matcher's threshold
 */
public record Match(int pair, double cosine, double probability, boolean match) {}
