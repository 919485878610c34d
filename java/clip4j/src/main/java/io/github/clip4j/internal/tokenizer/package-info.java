/** Token ids of texts, as the tokenizers of the models make them. */
package io.github.clip4j.internal.tokenizer;
