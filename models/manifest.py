#!/usr/bin/env python3
"""Writes MODEL/manifest.json: size and sha256 of every file that a loader reads.

    models/manifest.py models/emoji-clip            # write
    models/manifest.py --check models/emoji-clip    # exit 1 if the folder differs

The Java library extracts exactly these files from the model's jar and names its cache folder after the
manifest's own sha256, so that two versions of a model never share a folder.
"""

import argparse
import hashlib
import json
import pathlib
import sys

LOADED = ("calibration.json", "config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json")


def manifest(folder: pathlib.Path) -> str:
    files = {}
    for name in LOADED:
        content = (folder / name).read_bytes()
        files[name] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return json.dumps({"name": folder.name, "files": files}, indent=2) + "\n"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--check", action="store_true", help="compare instead of write")
    options = arguments.parse_args()
    folder = options.folder.resolve()
    target = folder / "manifest.json"
    text = manifest(folder)
    if not options.check:
        target.write_text(text, encoding="utf-8")
    elif target.read_text(encoding="utf-8") != text:
        print(f"{target} does not describe the folder; run models/manifest.py {options.folder}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
