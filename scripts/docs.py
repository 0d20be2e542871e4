"""Write ``conf/app.toml``, ``docs/configuration.md`` and the made parts of ``docs/relay.md``.

A test fails when one is old.
"""

from __future__ import annotations

import sys
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

from im.reference import app_toml, configuration_page  # noqa: E402
from scripts import relay_page  # noqa: E402

(HOME / "conf" / "app.toml").write_text(app_toml(), encoding="utf-8")
(HOME / "docs" / "configuration.md").write_text(configuration_page(), encoding="utf-8")
relay_page.write()
