"""Commands about students and their accounts."""
