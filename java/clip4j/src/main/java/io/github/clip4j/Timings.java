package io.github.clip4j;

/**
 * Where the time of one call went, in milliseconds of wall time.
 *
 * @param preprocessMs decoding, resizing and cropping pictures, or tokenizing texts; where a GPU
 *     preprocesses, decoding
 * @param encodeMs running the encoder; of many pictures on a GPU, where both go on at once, what
 *     was still waited for
 */
public record Timings(double preprocessMs, double encodeMs) {}
