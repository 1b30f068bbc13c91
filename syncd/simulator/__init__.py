"""The simulator: a local Entra and Microsoft Graph over TLS, as strict as the real ones; shares no code with syncd's client."""
