"""Fills a template from the environment: `python render.py TEMPLATE TARGET` replaces each ${NAME}.

Raises KeyError for a placeholder that no variable fills.
"""

import os
import sys
from pathlib import Path
from string import Template

template, target = (Path(argument) for argument in sys.argv[1:])
target.write_text(Template(template.read_text()).substitute(os.environ))
