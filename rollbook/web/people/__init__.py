"""The people of a school: the list, invitations, roles, and accepting an invitation."""
