"""Certificates and TLS contexts; the only package that imports `cryptography.x509`."""
