package io.github.clip4j;

/**
 * Native memory of this process that clip4j counts, by what holds it.
 *
 * @param openModels models in memory
 * @param encoderBytes of the models' weights, and of pictures and attention in calls under way;
 *     while none is, the sum of {@link ClipModel#memory()} over the models. What libtorch takes for
 *     a call's intermediate results is not counted
 * @param searchBytes of embeddings and indexes that are not closed yet, and of the arguments of
 *     calls under way
 */
public record NativeMemoryUse(int openModels, long encoderBytes, long searchBytes) {}
