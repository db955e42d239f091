"""Vectors of texts from local and remote models, and the download of model files. Input and output are plain data.

No Django model and no database access in this package.
"""

import os

# onnxruntime (1.31 on Linux) reports its use to its maker unless this is set before its import, keeps a database of
# such events under the home directory, and its reporting thread makes forked processes hang when they end.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
