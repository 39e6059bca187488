"""Accounts owns who may sign in, and as what. It signs access tokens; the others verify them by
its public key. It publishes nothing yet and listens to nobody."""
