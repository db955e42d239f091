"""Imported first: Ctrl-C during the imports ends the process at once, without a stack trace."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)
