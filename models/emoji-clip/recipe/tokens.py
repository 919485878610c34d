"""The model's tokenizer: CLIP's own, cut to its first 5,000 merges (../tokenizer.json), 32 tokens at most."""

from pathlib import Path

from tokenizers import Tokenizer

FOLDER = Path(__file__).resolve().parent.parent
LONGEST = 32


def tokenizer():
    """A function from texts to lists of ids, start and end of text included, without padding."""
    loaded = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    loaded.no_padding()
    loaded.enable_truncation(LONGEST)
    return lambda texts: [encoding.ids for encoding in loaded.encode_batch(texts)]
