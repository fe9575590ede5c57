"""``python -m habeas_local``"""

import sys

from habeas_local.cli import main

sys.exit(main())
