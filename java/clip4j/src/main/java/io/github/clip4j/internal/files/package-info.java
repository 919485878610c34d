/** Reading files that somebody else wrote: their errors, JSON, digests, locks between processes. */
package io.github.clip4j.internal.files;
