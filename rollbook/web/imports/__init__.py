"""The four steps of Import Users, the Bulk Uploader."""
