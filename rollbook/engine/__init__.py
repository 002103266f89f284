"""Django's connection to PostgreSQL, which tells the database the open scope."""
