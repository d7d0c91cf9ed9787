"""What is told of the API, generated: `python -m polity_local.openapi [--check]`.

One OpenAPI document of all services, for the page /docs, and docs/partners/examples.md with what partners are posted.
"""

import argparse
import json
import sys

from polity_local.openapi import document, examples


def main(argv: list[str]) -> int:
    """Writes the document and the examples, or with --check returns 1 when a written one differs from the code."""
    parser = argparse.ArgumentParser("polity_local.openapi", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when a file is out of date")
    check = parser.parse_args(argv).check
    text = json.dumps(document.merged(document.service_documents()), ensure_ascii=False, indent=1) + "\n"
    files = {document.DOCUMENT: text, **dict.fromkeys(examples.FILES, examples.page())}
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    if not check:
        for path in stale:
            path.write_text(files[path])
        return 0
    for path in stale:
        sys.stderr.write(f"{path.name} differs from the services; run python -m polity_local.openapi.\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
