package io.github.clip4j.search;

/**
 * Something wrong with a file of an index.
 *
 * @param file its name in the index's folder
 * @param problem what is wrong, in words
 */
public record Finding(String file, String problem) {}
