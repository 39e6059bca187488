"""The machinery under every service: documents, messages, requests, and no domain word."""
