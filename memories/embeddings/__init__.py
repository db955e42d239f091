"""Vectors of texts: local models and remote ones, and the download of their files. Text goes in, plain data comes out.
No Django model and no database in here."""

import os

# onnxruntime (1.31 on Linux) reports its use to its maker unless this is set before its import, keeps a database of
# such events under the home directory, and its reporting thread makes forked processes hang when they end.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
