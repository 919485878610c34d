/** Downloads over HTTP that are whole or continue. */
package io.github.clip4j.internal.net;
