"""The receipts of erasures."""

from __future__ import annotations

from apikeys.types import Principal
from core.errors import NotFound
from core.ids import RECEIPT, parse
from core.tenancy import across_tenants
from memories.models import Erasure
from memories.services.forget import view
from memories.types import ErasureReceipt


def erasure(principal: Principal, receipt_id: str) -> ErasureReceipt:
    """A receipt of the caller's tenant, else NotFound. A key of one user, or of some projects, reads only its own; the
    master key reads those of every tenant, including erased ones."""
    found = _find(principal, receipt_id)
    limited = principal.user_id is not None or bool(principal.projects)
    if found is None or (limited and found.actor != principal.caller):
        raise NotFound(f"Receipt with ID '{receipt_id}' not found")
    return view(found)


def _find(principal: Principal, receipt_id: str) -> Erasure | None:
    key = parse(RECEIPT, receipt_id)
    if key is None:
        return None
    if principal.is_master:
        with across_tenants("the master key reads every tenant's receipts"):
            return Erasure.objects.filter(id=key).first()
    return Erasure.objects.filter(tenant=principal.tenant_id, id=key).first()
