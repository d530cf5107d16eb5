"""From members to files for people.

Holds: rows, forms of identities, manifests and archives of downloads; they are written to a file that is given.
Never holds: profiles, clocks, jobs.
May import: catalog, criteria, records, ground.
"""

from raudience.export.archive import Archive
from raudience.export.manifest import Manifest

__all__ = ["Archive", "Manifest"]
