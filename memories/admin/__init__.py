"""Admin pages of memories, accepted writes, reviews and receipts of all tenants. Changes go through services."""

from memories.admin.erasures import ErasureAdmin
from memories.admin.memories import MemoryAdmin
from memories.admin.reviews import ReviewAdmin
from memories.admin.writes import SourceAdmin

__all__ = ["ErasureAdmin", "MemoryAdmin", "ReviewAdmin", "SourceAdmin"]
