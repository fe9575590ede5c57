"""A local AWS for Habeas: one pinned emulator with its known gaps closed at run time."""

EMULATOR_VERSION = "1.5.33"
"""The MiniStack release every module in :mod:`habeas_local.gaps` was written against."""
