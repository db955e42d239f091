"""Admin pages of memories, accepted writes, reviews, receipts and settings of projects. Changes go through services."""

from memories.admin.erasures import ErasureAdmin
from memories.admin.memories import MemoryAdmin
from memories.admin.projects import ProjectSettingsAdmin
from memories.admin.reviews import ReviewAdmin
from memories.admin.writes import SourceAdmin

__all__ = ["ErasureAdmin", "MemoryAdmin", "ProjectSettingsAdmin", "ReviewAdmin", "SourceAdmin"]
