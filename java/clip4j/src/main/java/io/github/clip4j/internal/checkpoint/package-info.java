/**
 * A model's folder: its configuration and the tensors of its weights, in every layout that is read.
 */
package io.github.clip4j.internal.checkpoint;
