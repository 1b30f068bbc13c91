"""The simulator: a local Entra and Microsoft Graph over TLS, as strict as the real ones; knows nothing of syncd."""
