"""Fills a template from the environment: `python render.py TEMPLATE TARGET` replaces each ${NAME}.

HSTS_SECONDS is a year where ISSUER, which begins with the public address, is https, and 0 where it isn't.
Raises KeyError for a placeholder that no variable fills.
"""

import os
import sys
from pathlib import Path
from string import Template

HSTS_SECONDS = "31536000" if os.environ.get("ISSUER", "").startswith("https://") else "0"

template, target = (Path(argument) for argument in sys.argv[1:])
target.write_text(Template(template.read_text()).substitute(os.environ, HSTS_SECONDS=HSTS_SECONDS))
