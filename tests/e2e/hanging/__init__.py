"""An app for a service in which reading some texts never ends: see `settings`."""
