"""Commands about schools, users and mail, and the audit log."""
