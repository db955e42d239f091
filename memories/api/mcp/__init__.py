"""`POST /mcp`: the Model Context Protocol over the same services as the HTTP API."""
