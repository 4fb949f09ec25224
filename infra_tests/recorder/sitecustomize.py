"""Imported by Python itself where the folder is on PYTHONPATH; does nothing unless CNOP_STORE_RECORD names a folder."""

import os

if os.environ.get("CNOP_STORE_RECORD"):
    import store_recorder

    store_recorder.install(os.environ["CNOP_STORE_RECORD"])
