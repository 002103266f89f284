"""Mail about runs to staff, and invitations to students."""
