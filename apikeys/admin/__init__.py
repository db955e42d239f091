"""Admin pages of keys and tenants. A key is shown once, when it is created; nothing is deleted here."""

from django.contrib import admin

from apikeys.admin.keys import ApiKeyAdmin
from apikeys.admin.tenants import TenantAdmin

admin.site.site_header = "memproject"
admin.site.site_title = "memproject"
admin.site.index_title = "Operations"
admin.site.site_url = "/docs"
admin.site.enable_nav_sidebar = False

__all__ = ["ApiKeyAdmin", "TenantAdmin"]
